#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""vmlinux.py BZIMAGE OUT: the ELF kernel inside a bzImage.

An emulated processor then need not decompress it, which saves seconds; it boots by its PVH entry.
"""
import struct
import subprocess
import sys

# Documentation/arch/x86/boot.rst: setup_sects, "HdrS", payload_offset and payload_length
SETUP_SECTORS, MAGIC, PAYLOAD = 0x1F1, 0x202, 0x248

PACKERS = ((b"\xfd7zXZ", "xz"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"\x1f\x8b", "gzip"), (b"\x02\x21", "lz4"),
           (b"\x5d\0\0", "lzma"), (b"BZh", "bzip2"))


def payload(image):
    if image[MAGIC:MAGIC + 4] != b"HdrS":
        sys.exit("not a bzImage")
    offset, length = struct.unpack_from("<II", image, PAYLOAD)
    return image[(image[SETUP_SECTORS] + 1) * 512 + offset:][:length]


def unpack(data):
    for magic, command in PACKERS:
        if data.startswith(magic):
            # the payload ends with its length, which a packer takes for trailing rubbish
            return subprocess.run([command, "-dc"], input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    sys.exit(f"unknown compression {data[:6]!r}")


def main():
    with open(sys.argv[1], "rb") as file:
        kernel = unpack(payload(file.read()))
    if not kernel.startswith(b"\x7fELF"):
        sys.exit("no ELF inside")
    with open(sys.argv[2], "wb") as file:
        file.write(kernel)


main()

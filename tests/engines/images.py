# SPDX-License-Identifier: Apache-2.0
"""Images made on the spot: a busybox root file system, as a tar and as an OCI archive; a pause image for pods."""
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile


def _busybox():
    for path in ("/bin/busybox", "/usr/bin/busybox"):
        if os.path.exists(path):
            return path
    raise SystemExit("busybox-static is needed")


def make_rootfs(rootfs):
    busybox = _busybox()
    for name in ("bin", "etc", "proc", "dev", "sys", "tmp", "root", "home", "var", "mnt", "run"):
        os.makedirs(os.path.join(rootfs, name), exist_ok=True)
    os.chmod(os.path.join(rootfs, "tmp"), 0o1777)
    shutil.copy(busybox, os.path.join(rootfs, "bin/busybox"))
    for name in subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split():
        path = os.path.join(rootfs, "bin", name)
        if not os.path.lexists(path):
            os.symlink("busybox", path)
    files = {"etc/passwd": "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home:/bin/sh\n",
             "etc/group": "root:x:0:\nuser:x:1000:\nextra:x:2000:user\n", "etc/plain": "not a program\n"}
    for name, text in files.items():
        with open(os.path.join(rootfs, name), "w") as out:
            out.write(text)


def _sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def oci_archive(path, name, layer, config):
    """An image with one layer (the bytes of a tar) as an OCI archive."""
    blobs = {}

    def blob(data, kind):
        digest = _sha256(data)
        blobs[digest] = data
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": digest, "size": len(data)}

    layer_entry = blob(layer, "layer.v1.tar")
    image = {"architecture": "amd64", "os": "linux", "config": config,
             "rootfs": {"type": "layers", "diff_ids": [layer_entry["digest"]]}, "history": [{"created_by": "husk tests"}]}
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": blob(json.dumps(image).encode(), "config.v1+json"), "layers": [layer_entry]}
    entry = blob(json.dumps(manifest).encode(), "manifest.v1+json")
    entry["annotations"] = {"org.opencontainers.image.ref.name": name, "io.containerd.image.name": name}
    index = {"schemaVersion": 2, "manifests": [entry]}
    with tarfile.open(path, "w") as archive:
        _add(archive, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
        _add(archive, "index.json", json.dumps(index).encode())
        for digest, data in blobs.items():
            _add(archive, "blobs/" + digest.replace(":", "/"), data)


def _add(archive, name, data):
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o644
    archive.addfile(info, io.BytesIO(data))


def _tar(directory):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name in sorted(os.listdir(directory)):
            archive.add(os.path.join(directory, name), name)
    return data.getvalue()


class Assets:
    """Made once for all modules: rootfs (a directory), tar, oci (image localhost/bb:1), pause (localhost/pause:1)."""

    def __init__(self, source, directory):
        os.makedirs(directory)
        self.rootfs = os.path.join(directory, "rootfs")
        make_rootfs(self.rootfs)
        data = _tar(self.rootfs)
        self.tar = os.path.join(directory, "bb.tar")
        with open(self.tar, "wb") as out:
            out.write(data)
        self.oci = os.path.join(directory, "bb-oci.tar")
        config = {"Env": ["PATH=/bin"], "Cmd": ["sh"]}
        oci_archive(self.oci, "localhost/bb:1", data, config)
        self.pause = os.path.join(directory, "pause-oci.tar")
        root = os.path.join(directory, "pause-root")
        os.makedirs(root)
        subprocess.run([os.environ.get("CC", "gcc"), "-O1", "-static", "-o", os.path.join(root, "pause"),
                        os.path.join(source, "pause.c")], check=True)
        oci_archive(self.pause, "localhost/pause:1", _tar(root), {"Entrypoint": ["/pause"]})

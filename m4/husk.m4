dnl SPDX-License-Identifier: Apache-2.0
dnl The macros of configure.ac: options, libraries, flags, and the summary.

dnl HUSK_ARG(NAME, DEFAULT, TEXT): --enable-NAME or --disable-NAME
AC_DEFUN([HUSK_ARG], [
AC_ARG_ENABLE([$1], [AS_HELP_STRING(m4_if([$2], [yes], [[--disable-$1]], [[--enable-$1]]), [$3])], [],
	[AS_TR_SH([enable_$1])=$2])
])

dnl HUSK_LIBRARY(NAME, MODULE, HEADER, FUNCTION, ARCHIVES, DEBIAN, FEDORA, ALPINE)
dnl Finds a library by pkg-config, and its static archive when there is one that links.  What is missing is
dnl remembered, so that HUSK_REQUIRE_LIBRARIES can name all of it at once.
AC_DEFUN([HUSK_LIBRARY], [
PKG_CHECK_MODULES([$1], [$2], [husk_found=yes], [husk_found=no])
AS_IF([test $husk_found = no], [
	husk_missing="$husk_missing
    $2 (Debian: $6; Fedora: $7; Alpine: $8)"
	husk_debian="$husk_debian $6"
	husk_fedora="$husk_fedora $7"
	husk_alpine="$husk_alpine $8"
], [
	husk_how_$1=shared
	AS_IF([test "$enable_static_libs" = yes], [
		husk_dir=`$PKG_CONFIG --variable=libdir m4_bpatsubst([$2], [ .*])`
		for husk_archive in $5; do
			husk_path=`$CC $CFLAGS -print-file-name=$husk_archive`
			AS_IF([test -f "$husk_dir/$husk_archive"], [husk_path=$husk_dir/$husk_archive])
			AS_IF([test -f "$husk_path" && test $husk_how_$1 = shared], [
				husk_save_LIBS=$LIBS
				LIBS="$husk_path $LIBS"
				AC_MSG_CHECKING([whether $husk_path links])
				AC_LINK_IFELSE([AC_LANG_CALL([], [$4])], [
					husk_how_$1=static
					$1_LIBS=$husk_path
					AC_MSG_RESULT([yes])], [AC_MSG_RESULT([no])])
				LIBS=$husk_save_LIBS
			])
		done
	])
	husk_save_CPPFLAGS=$CPPFLAGS
	CPPFLAGS="$CPPFLAGS $$1_CFLAGS"
	AC_CHECK_HEADER([$3], [], [AC_MSG_ERROR([$3 is missing although pkg-config knows $2])])
	CPPFLAGS=$husk_save_CPPFLAGS
])
])

AC_DEFUN([HUSK_REQUIRE_LIBRARIES], [
AS_IF([test -n "$husk_missing"], [AC_MSG_ERROR([libraries are missing:
$husk_missing

To install them:
    Debian, Ubuntu:  apt-get install$husk_debian
    Fedora:          dnf install$husk_fedora
    Alpine:          apk add$husk_alpine
])])
])

dnl HUSK_TRY_FLAG(VARIABLE, FLAG): add a compiler and linker flag when a program can be built with it
AC_DEFUN([HUSK_TRY_FLAG], [
AS_VAR_PUSHDEF([husk_cv], [husk_cv_flag_$2])
AC_CACHE_CHECK([whether $CC takes $2], [husk_cv], [
	husk_save_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS -Werror $2"
	AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [AS_VAR_SET([husk_cv], [yes])], [AS_VAR_SET([husk_cv], [no])])
	CFLAGS=$husk_save_CFLAGS])
AS_VAR_IF([husk_cv], [yes], [AS_VAR_APPEND([$1], [" $2"])])
AS_VAR_POPDEF([husk_cv])
])

dnl The flags of husk itself.  They stand before CFLAGS, so the user's word is the last one.
AC_DEFUN([HUSK_FLAGS], [
HUSK_WARN=
m4_foreach_w([husk_flag], [-Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes
	-Wvla -Wundef],
	[HUSK_TRY_FLAG([HUSK_WARN], husk_flag)])
AS_IF([test "$enable_werror" = yes], [HUSK_WARN="$HUSK_WARN -Werror"])
AS_IF([test "$enable_analyzer" = yes], [HUSK_TRY_FLAG([HUSK_WARN], [-fanalyzer])])

HUSK_CFLAGS=
HUSK_LDFLAGS=
m4_foreach_w([husk_flag], [-ffunction-sections -fdata-sections -fno-common -fno-asynchronous-unwind-tables -fno-unwind-tables],
	[HUSK_TRY_FLAG([HUSK_CFLAGS], husk_flag)])
m4_foreach_w([husk_flag], [[-Wl,--gc-sections] [-Wl,-O1] [-Wl,--as-needed] [-Wl,-z,relro] [-Wl,-z,now]
	[-Wl,--hash-style=gnu]],
	[HUSK_TRY_FLAG([HUSK_LDFLAGS], husk_flag)])
# Relative relocations take a tenth of the room; the loader must know them (glibc 2.36, musl 1.2.4), so try it.
AC_MSG_CHECKING([whether packed relative relocations work])
husk_save_CFLAGS=$CFLAGS
CFLAGS="$CFLAGS -fPIE -pie -Wl,-z,pack-relative-relocs -Werror"
AC_RUN_IFELSE([AC_LANG_SOURCE([[
static const char *const words[] = { "a", "b" };
const char *const *volatile p = words;
int main(void) { return p[1][0] != 'b'; }]])],
	[AC_MSG_RESULT([yes])
	HUSK_LDFLAGS="$HUSK_LDFLAGS -Wl,-z,pack-relative-relocs"],
	[AC_MSG_RESULT([no])], [AC_MSG_RESULT([unknown, so no])])
CFLAGS=$husk_save_CFLAGS

husk_sanitize=
AS_IF([test "$enable_asan" = yes], [husk_sanitize=address])
AS_IF([test "$enable_ubsan" = yes], [husk_sanitize=${husk_sanitize:+$husk_sanitize,}undefined])
AS_IF([test "$enable_fuzzers" = yes], [husk_sanitize=${husk_sanitize:+$husk_sanitize,}fuzzer-no-link
	HUSK_FUZZ_LIBS=-fsanitize=fuzzer])
AC_SUBST([HUSK_FUZZ_LIBS])

AS_IF([test -n "$husk_sanitize"], [
	HUSK_CFLAGS="$HUSK_CFLAGS -fsanitize=$husk_sanitize -fno-sanitize-recover=all -fno-omit-frame-pointer"
	HUSK_LDFLAGS="$HUSK_LDFLAGS -fsanitize=$husk_sanitize"
	AC_MSG_CHECKING([whether $CC has these sanitizers])
	husk_save_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS -fsanitize=$husk_sanitize"
	AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])], [AC_MSG_RESULT([yes])], [
		AC_MSG_RESULT([no])
		AC_MSG_ERROR([$CC cannot link with -fsanitize=$husk_sanitize (gcc: libasan and libubsan; clang: libclang-rt-dev, compiler-rt)])])
	CFLAGS=$husk_save_CFLAGS
], [
	m4_foreach_w([husk_flag], [-fstack-protector-strong -fstack-clash-protection -fcf-protection],
		[HUSK_TRY_FLAG([HUSK_CFLAGS], husk_flag)])
	AC_MSG_CHECKING([whether CFLAGS optimise])
	AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[
#ifndef __OPTIMIZE__
# error not optimised
#endif]])], [
		AC_MSG_RESULT([yes])
		HUSK_CPPFLAGS="-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"], [AC_MSG_RESULT([no])])
])
HUSK_PIE_CFLAGS=
HUSK_TRY_FLAG([HUSK_PIE_CFLAGS], [-fPIE])
HUSK_PIE_LDFLAGS=
HUSK_TRY_FLAG([HUSK_PIE_LDFLAGS], [-pie])
HUSK_CFLAGS="$HUSK_CFLAGS$HUSK_PIE_CFLAGS"
HUSK_LDFLAGS="$HUSK_LDFLAGS$HUSK_PIE_LDFLAGS"
AC_SUBST([HUSK_WARN])
AC_SUBST([HUSK_CPPFLAGS])
AC_SUBST([HUSK_CFLAGS])
AC_SUBST([HUSK_LDFLAGS])
])

dnl The flags of the executor.  It has no libc, so nothing that calls into one; the user's CFLAGS are not for it.
AC_DEFUN([HUSK_INIT_FLAGS], [
INIT_CFLAGS="-std=gnu17 -Os -g0 -ffreestanding -nostdlib -static -fno-pie -fno-stack-protector -fno-builtin"
m4_foreach_w([husk_flag], [-Qunused-arguments -no-pie -fcf-protection=none -fno-asynchronous-unwind-tables -fno-unwind-tables -ffunction-sections
	-fno-tree-loop-distribute-patterns -fno-stack-clash-protection -fno-sanitize=all
	[-Wl,--gc-sections] [-Wl,--build-id=none] [-Wl,-z,noexecstack] [-Wl,-z,norelro] [-Wl,-z,noseparate-code]
	[-Wl,--no-eh-frame-hdr]],
	[HUSK_TRY_FLAG([INIT_CFLAGS], husk_flag)])
AC_SUBST([INIT_CFLAGS])
])

AC_DEFUN([HUSK_SUMMARY], [
husk_word() { AS_IF([test "$[]1" = yes], [echo on], [echo off]); }
husk_header() { AS_IF([test "$[]1" = yes], [echo "header found, loaded on first use"], [echo "no header, own prototypes, loaded on first use"]); }
AS_ECHO(["
husk $PACKAGE_VERSION
  compiler       $CC $CFLAGS
  prefix         $prefix
  libseccomp     $husk_how_SECCOMP ($SECCOMP_LIBS)
  yajl           $husk_how_YAJL ($YAJL_LIBS)
  libcap         $husk_how_CAP ($CAP_LIBS)
  libmount       `husk_header $ac_cv_header_libmount_libmount_h`
  libsystemd     `husk_header $ac_cv_header_systemd_sd_bus_h`
  werror         `husk_word $enable_werror`
  asan           `husk_word $enable_asan`
  ubsan          `husk_word $enable_ubsan`
  analyzer       `husk_word $enable_analyzer`
  fuzzers        `husk_word $enable_fuzzers`
  aarch64 check  ${AARCH64_CC:-off (no aarch64-linux-gnu-gcc)}
  format check   ${CLANG_FORMAT:-off (no clang-format)}
"])
])

/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of single strings: the column `check` of schema.def. */
#include "check.h"

#include <string.h>

static size_t count_digits(const char *s)
{
	size_t n = 0;

	while (s[n] >= '0' && s[n] <= '9')
		n++;
	return n;
}

/* Letters, digits and "-". */
static size_t count_identifier(const char *s)
{
	size_t n = 0;

	while ((s[n] >= '0' && s[n] <= '9') || (s[n] >= 'A' && s[n] <= 'Z') || (s[n] >= 'a' && s[n] <= 'z') ||
	       s[n] == '-')
		n++;
	return n;
}

/* A number without leading zeros; its length, or 0. */
static size_t semver_number(const char *s)
{
	size_t n = count_digits(s);

	return n > 1 && s[0] == '0' ? 0 : n;
}

/* Identifiers with dots between; strict: numeric ones have no leading zeros.  The length, or 0. */
static size_t semver_identifiers(const char *s, bool strict)
{
	size_t at = 0;

	for (;; at++) {
		size_t n = count_identifier(s + at);
		if (n == 0 || (strict && n > 1 && s[at] == '0' && count_digits(s + at) == n))
			return 0;
		at += n;
		if (s[at] != '.')
			return at;
	}
}

static bool is_semver(const char *s)
{
	for (int i = 0; i < 3; i++) {
		size_t n = semver_number(s);
		if (n == 0)
			return false;
		s += n;
		if (i < 2 && *s++ != '.')
			return false;
	}
	if (*s == '-') {
		size_t n = semver_identifiers(s + 1, true);
		if (n == 0)
			return false;
		s += 1 + n;
	}
	if (*s == '+') {
		size_t n = semver_identifiers(s + 1, false);
		if (n == 0)
			return false;
		s += 1 + n;
	}
	return *s == '\0';
}

const char *oci_check_string(enum oci_check check, const char *s)
{
	switch (check) {
	case OCI_ANY: return NULL;
	case OCI_NONEMPTY: return *s ? NULL : "must not be empty";
	case OCI_ABSPATH: return *s == '/' ? NULL : "must be an absolute path";
	case OCI_NOEOL: return strpbrk(s, "\n\r") ? "must not contain a newline" : NULL;
	case OCI_SEMVER: return is_semver(s) ? NULL : "must be a version in the form of SemVer 2.0.0, as 1.3.0";
	}
	return NULL;
}

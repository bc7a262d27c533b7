/* SPDX-License-Identifier: MIT */
/* certificates: a CA, a server's certificate and clients', made by openssl. */
#include <stddef.h>

#include "lib/base/arena.h"
#include "test/kube/lab.h"

/* A self-signed CA in NAME.crt and NAME.key. */
static void make_ca(const char *name)
{
	autofree char *crt = must_printf("%s.crt", name),
		      *key = must_printf("%s.key", name);
	autofree char *subject = must_printf("/CN=%s", name);

	lab_program((const char *const[]){ "openssl", "req", "-x509", "-newkey", "ec",
	    "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
	    subject, "-keyout", lab_path(key), "-out", lab_path(crt), NULL });
}

static void make_signed(const char *ca, const char *name, const char *extension)
{
	autofree char *crt = must_printf("%s.crt", name),
		      *key = must_printf("%s.key", name);
	autofree char *csr = must_printf("%s.csr", name),
		      *ext = must_printf("%s.ext", name);
	autofree char *ca_crt = must_printf("%s.crt", ca);
	autofree char *ca_key = must_printf("%s.key", ca);
	autofree char *subject = must_printf("/O=system:masters/CN=%s", name);

	lab_write(ext, extension);
	lab_program((const char *const[]){ "openssl", "req", "-newkey", "ec", "-pkeyopt",
	    "ec_paramgen_curve:prime256v1", "-nodes", "-subj", subject, "-keyout",
	    lab_path(key), "-out", lab_path(csr), NULL });
	lab_program(
	    (const char *const[]){ "openssl", "x509", "-req", "-in", lab_path(csr), "-CA",
		lab_path(ca_crt), "-CAkey", lab_path(ca_key), "-CAcreateserial", "-days",
		"2", "-extfile", lab_path(ext), "-out", lab_path(crt), NULL });
}

void lab_make_certificates(void)
{
	make_ca("ca");
	make_ca("other");
	make_signed("ca", "server", "subjectAltName=IP:127.0.0.1,DNS:kubernetes.home\n");
	make_signed("ca", "one", "extendedKeyUsage=clientAuth\n");
	make_signed("ca", "two", "extendedKeyUsage=clientAuth\n");
	make_signed("other", "foreign", "extendedKeyUsage=clientAuth\n");
}

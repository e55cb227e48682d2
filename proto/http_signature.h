#ifndef PROTO_HTTP_SIGNATURE_H
#define PROTO_HTTP_SIGNATURE_H

/* HTTP requests signed by RFC 9421 with Ed25519, for those who submit and read (docs/HTTP.md).
 *
 *     Aims-Key: <signing key, 64 hex digits>
 *     Signature-Input: sig=("@method" "@authority" "@path" "@query" "content-digest" "aims-key")
 *         ;created=1795000000;keyid="<hex SHA-256 of the key's SPKI>";alg="ed25519"
 *     Signature: sig=:<base64>:
 *
 * Pure text: no clock, no socket. Everything that is in a struct http_signature_request is covered;
 * a server puts there what it relies on. The key travels with the request, so a server needs no
 * directory of keys: who it is that signed is the key itself.
 *
 * It does not stop the same request from being sent again within five minutes; whoever answers one
 * must not mind. Only one signature, labelled "sig", and components without parameters are
 * understood. */

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/encode.h"
#include "base/error.h"
#include "crypto/keys.h"
#include "crypto/sign.h"

#define HTTP_SIGNATURE_AGE_MAX    300  /* Seconds that "created" may be off, both ways. */
#define HTTP_SIGNATURE_FIELDS_MAX 8    /* Header fields of a request that are covered. */
#define HTTP_SIGNATURE_VALUE_MAX  1024 /* Characters of a Signature-Input that is read. */

/* A header field that is covered. */
struct http_signature_field {
    const char *name;  /* Lower case. */
    const char *value; /* Without space around it. */
};

struct http_signature_request {
    const char *method;    /* "GET" */
    const char *authority; /* As in Host: no port where it is the scheme's; any case. */
    const char *path;      /* As on the request line, percent-encoded, without the query. */
    const char *query;     /* With its "?"; NULL when there is none. */
    size_t field_count;    /* At most HTTP_SIGNATURE_FIELDS_MAX; without Aims-Key. */
    const struct http_signature_field *fields;
};

/* Values of the three header fields. */
struct http_signature {
    char key[HEX_SIZE(KEYS_PUBLIC_SIZE)];
    char input[HTTP_SIGNATURE_VALUE_MAX];
    char signature[BASE64_SIZE(SIGN_SIZE) + 6];
};

/* Signs REQUEST at CREATED, in Unix seconds.
 *
 * Errors: ERROR_INVALID when a value has a control character; ERROR_LIMIT when the names of the
 * fields are too long. */
MUST_USE bool http_signature_sign(const struct keys *keys,
                                  const struct http_signature_request *request, uint64_t created,
                                  struct http_signature *out, struct error *error);

/* The same values as a server got them; NULL where a field is missing. */
struct http_signature_values {
    const char *key;
    const char *input;
    const char *signature;
};

/* Checks that REQUEST was signed not far from NOW, in Unix seconds, and gives the signing key of
 * whoever did. More than REQUEST may be covered only if it is in REQUEST too.
 *
 * Errors: ERROR_DENIED with what is missing or wrong. */
MUST_USE bool http_signature_verify(const struct http_signature_request *request,
                                    const struct http_signature_values *values, uint64_t now,
                                    uint8_t signing[KEYS_PUBLIC_SIZE], struct error *error);

/* Appends the signature base of RFC 9421 2.5 for PARAMETERS, the value of "@signature-params":
 * "(...);created=..." as it stands behind the label.
 *
 * Errors: ERROR_DENIED when PARAMETERS is malformed or names what REQUEST has not. */
MUST_USE bool http_signature_base(const struct http_signature_request *request,
                                  const char *parameters, struct buffer *out, struct error *error);

/* Content-Digest of a body (RFC 9530): "sha-256=:<base64>:". */
#define HTTP_SIGNATURE_DIGEST_SIZE (BASE64_SIZE(DIGEST_SIZE) + 10) /* Characters with the NUL. */
void http_signature_digest(struct bytes body, char out[HTTP_SIGNATURE_DIGEST_SIZE]);

#endif

#include "coordinator/http_intake.h"

#include <string.h>

#include "base/encode.h"
#include "coordinator/http_bundle.h"
#include "evidence/bundle.h"
#include "formats/tree.h"
#include "proto/codec.h"
#include "proto/verify.h"
#include "report/certificate.h"
#include "report/findings.h"

#define BLOCK_MAX (BUNDLE_HEADER_MAX + 128) /* Bytes of a bundle that hold its header block. */

/* One case on its way in. */
struct intake {
    const struct http_options *options;
    const uint8_t *signer;
    struct arena *arena;
    struct message_signed posted;
    struct message_header header;
    struct digest case_id;
    struct bundle_header bundle;
    unsigned status;
};

/* Decodes member KEY of the posted object into the arena. */
static bool read_member(struct intake *intake, const struct tree *node, const char *key,
                        struct bytes *out, struct error *error)
{
    struct buffer decoded = {0};
    const char *text;

    intake->status = 400;
    if (!tree_need_text(node, key, &text, error)) {
        return false;
    }
    bool is_ok = encode_from_base64(text, strlen(text), &decoded);
    char *copy = is_ok ? arena_copy(intake->arena, decoded.data, decoded.size) : NULL;

    *out = bytes_of(copy, decoded.size);
    buffer_finish(&decoded);
    return copy != NULL || error_set(error, ERROR_INVALID, "\"%s\" is not base64", key);
}

static bool read_body(struct intake *intake, struct bytes body, struct error *error)
{
    static const char *const keys[] = {"header", "signature", NULL};
    struct bytes signature;
    struct tree *root;

    intake->status = 400;
    if (!tree_parse_json(body, "case", intake->arena, &root, error)) {
        return false;
    }
    if (root->type != TREE_MAP) {
        return error_set(error, ERROR_INVALID, "the body is not {\"header\", \"signature\"}");
    }
    if (!tree_only_keys(root, keys, error) ||
        !read_member(intake, root, "header", &intake->posted.payload, error) ||
        !read_member(intake, root, "signature", &signature, error)) {
        return false;
    }
    if (signature.size != MESSAGE_SIGNATURE_SIZE) {
        return error_set(error, ERROR_INVALID, "\"signature\" is not %d bytes",
                         MESSAGE_SIGNATURE_SIZE);
    }
    memcpy(intake->posted.signature, signature.data, MESSAGE_SIGNATURE_SIZE);
    return true;
}

/* Who signed it, and whether it is for this coordinator. */
static bool check_header(struct intake *intake, struct error *error)
{
    const struct http_options *options = intake->options;
    const struct message_header *header = &intake->header;

    if (!verify_header(options->roster, &intake->posted, intake->arena, &intake->header,
                       &intake->case_id, error)) {
        intake->status = error->code == ERROR_DENIED ? 403 : error->code == ERROR_LIMIT ? 413 : 400;
        return false;
    }
    if (memcmp(header->signing, intake->signer, MESSAGE_KEY_SIZE) != 0) {
        intake->status = 403;
        return error_set(error, ERROR_INVALID,
                         "the case was signed with another key than the request");
    }
    if (header->home != options->index) {
        intake->status = 421;
        return error_set(error, ERROR_INVALID,
                         "the case names coordinator %u (%s) as its home, this is %u (%s)",
                         header->home, options->roster->coordinators[header->home].name,
                         options->index, options->roster->coordinators[options->index].name);
    }
    if (!digest_equal(&header->catalog, &options->catalog->digest)) {
        intake->status = 422;
        return error_set(error, ERROR_INVALID, "this coordinator hears another catalogue, %s",
                         options->catalog->id);
    }
    return true;
}

/* A hearing after the first needs the certificate of the one before, which settled nothing. */
static bool check_earlier(struct intake *intake, struct error *error)
{
    struct verify_docket alone = {.scope = {.roster = intake->options->roster},
                                  .docket = {.case_count = 1, .cases = &intake->header},
                                  .cases = &intake->case_id,
                                  .has_earlier = intake->header.attempt > 1};

    intake->status = 422;
    return certificate_check_earlier(&alone, error);
}

/* Reads the header of the bundle in the spool. */
static bool read_bundle(struct intake *intake, struct error *error)
{
    struct spool *spool = intake->options->spool;
    const struct digest *digest = &intake->header.bundle;
    uint8_t *block = arena_alloc(intake->arena, BLOCK_MAX);
    char hex[DIGEST_HEX_SIZE];
    size_t size = 0;
    uint64_t total = 0;

    intake->status = 500;
    if (block == NULL) {
        return error_set(error, ERROR_LIMIT, "no memory for the header of a bundle");
    }
    if (!spool_size(spool, digest, &total, error) ||
        !spool_read(spool, digest, 0, block, BLOCK_MAX, &size, error)) {
        if (error->code != ERROR_NOT_FOUND) {
            return false;
        }
        intake->status = 409;
        return error_set(error, ERROR_INVALID, "PUT the bundle first: /v1/bundles/%s is not here",
                         encode_digest(digest, hex));
    }
    if (total != intake->header.bundle_size) {
        intake->status = 422;
        return error_set(error, ERROR_INVALID, "the bundle has %llu bytes, the case says %llu",
                         (unsigned long long)total, (unsigned long long)intake->header.bundle_size);
    }
    intake->status = 422;
    return bundle_read_header(bytes_of(block, size), intake->arena, &intake->bundle, error);
}

static bool check_bundle(struct intake *intake, struct error *error)
{
    const struct message_header *header = &intake->header;
    const struct bundle_header *bundle = &intake->bundle;

    if (!read_bundle(intake, error)) {
        return false;
    }
    intake->status = 422;
    if (!http_bundle_belongs(bundle, intake->options->roster, header->signing, error)) {
        return false;
    }
    if (!digest_equal(&bundle->manifest, &header->manifest)) {
        return error_set(error, ERROR_INVALID, "the case names another manifest than the bundle");
    }
    if (memcmp(bundle->submitter.sealing, header->sealing, MESSAGE_KEY_SIZE) != 0) {
        return error_set(error, ERROR_INVALID,
                         "the case names another sealing key than the bundle");
    }
    return true;
}

/* Whether the bundle may name the result PREVIOUS where the submitter's results here are LATEST.
 * Where there are several coordinators, one unknown here may be later than what is known. */
static bool may_follow(const struct roster *roster, const struct digest *previous,
                       const struct digest *latest, size_t count)
{
    bool is_older = false;

    if (count == 0 || digest_equal(previous, &latest[0])) {
        return true;
    }
    for (size_t i = 1; i < count; i++) {
        is_older = is_older || digest_equal(previous, &latest[i]);
    }
    return roster->coordinator_count > 1 && !digest_is_zero(previous) && !is_older;
}

/* A first hearing must follow the submitter's last certificate, so that no result is left out of
 * the chain. */
static bool check_previous(struct intake *intake, struct error *error)
{
    const struct http_options *options = intake->options;
    struct digest *latest = NULL;
    char hex[DIGEST_HEX_SIZE];
    size_t count = 0;

    intake->status = 500;
    if (intake->header.attempt > 1) {
        return true;
    }
    if (!coordinator_store_case_latest(options->store, intake->header.signing, intake->arena,
                                       &latest, &count, error)) {
        return false;
    }
    if (!may_follow(options->roster, &intake->bundle.previous, latest, count)) {
        intake->status = 409;
        return error_set(error, ERROR_INVALID,
                         "the bundle does not name your last result, %s, as the previous one: pack "
                         "it again with "
                         "--previous and that certificate",
                         encode_digest(&latest[0], hex));
    }
    return true;
}

/* Whether a certificate of the case makes attempt ATTEMPT pointless: seats would not assess it. */
static bool is_overtaken(const struct coordinator_store_case *hearing, uint32_t attempt)
{
    return hearing->state == COORDINATOR_STORE_DECIDED &&
           (hearing->outcome == FINDINGS_CONCLUSIVE || hearing->attempt >= attempt);
}

/* Looks whether the hearing is known, submitted here or in anybody's docket, or overtaken; HEARING
 * then becomes the one to look at: the conclusive one if there is one. */
static bool look_up(struct intake *intake, struct coordinator_store_case *hearing, bool *is_known,
                    struct error *error)
{
    struct coordinator_store_case *hearings = NULL;
    uint32_t attempt = intake->header.attempt;
    size_t count = 0;

    intake->status = 500;
    if (!coordinator_store_case_find(intake->options->store, &intake->case_id, intake->arena,
                                     &hearings, &count, error) &&
        error->code != ERROR_NOT_FOUND) {
        return false;
    }
    *is_known = false;
    for (size_t i = 0; i < count; i++) {
        bool is_better = !*is_known || hearing->outcome != FINDINGS_CONCLUSIVE;

        if (is_better && (hearings[i].attempt == attempt || is_overtaken(&hearings[i], attempt))) {
            *hearing = hearings[i];
            *is_known = true;
        }
    }
    return true;
}

static bool check_queue(struct intake *intake, struct error *error)
{
    const struct http_options *options = intake->options;
    uint64_t max = options->waiting_max == 0 ? HTTP_INTAKE_WAITING : options->waiting_max;
    struct coordinator_store_counts counts;

    intake->status = 500;
    if (!coordinator_store_counts(options->store, &counts, error)) {
        return false;
    }
    intake->status = 503;
    return counts.waiting < max ||
           error_set(error, ERROR_LIMIT, "%llu cases wait already; try again later",
                     (unsigned long long)counts.waiting);
}

static bool take_new(struct intake *intake, uint64_t received_at,
                     struct coordinator_store_case *hearing, bool *is_known, struct error *error)
{
    const struct message_header *header = &intake->header;

    if (!check_earlier(intake, error) || !check_bundle(intake, error) ||
        !check_previous(intake, error) || !check_queue(intake, error)) {
        return false;
    }
    *hearing = (struct coordinator_store_case){.id = intake->case_id,
                                               .attempt = header->attempt,
                                               .header = intake->posted,
                                               .manifest = header->manifest,
                                               .bundle = header->bundle,
                                               .received_at = received_at};
    memcpy(hearing->submitter, header->signing, MESSAGE_KEY_SIZE);
    intake->status = 500;
    return coordinator_store_case_add(intake->options->store, hearing, is_known, error);
}

bool http_intake_take(const struct http_options *options, struct bytes body,
                      const uint8_t signer[MESSAGE_KEY_SIZE], uint64_t received_at,
                      struct arena *arena, struct http_intake *out, struct error *error)
{
    struct intake intake = {.options = options, .signer = signer, .arena = arena};
    struct http_intake taken = {0};
    bool is_ok =
        read_body(&intake, body, error) && check_header(&intake, error) &&
        look_up(&intake, &taken.hearing, &taken.is_known, error) &&
        (taken.is_known || take_new(&intake, received_at, &taken.hearing, &taken.is_known, error));

    taken.status = intake.status;
    *out = taken;
    return is_ok;
}

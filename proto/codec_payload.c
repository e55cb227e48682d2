/* Signed payloads: header, docket, verdict, PROPOSE, PREPARE and NEW-VIEW. */

#include "base/check.h"
#include "proto/codec.h"
#include "proto/wire.h"

#define SEAT_MAX        (MESSAGE_SEATS_MAX - 1)
#define COORDINATOR_MAX (MESSAGE_COORDINATORS_MAX - 1)

/* Enough to unpack a payload that has no repeated element. */
#define VOTE_MEMORY_SIZE (16 * 1024)

static const struct wire_shape header_shape = {&aims__header__descriptor, CODEC_HEADER_MAX, 0};
static const struct wire_shape docket_shape = {&aims__docket__descriptor, CODEC_DOCKET_MAX,
                                               MESSAGE_CASES_MAX};
static const struct wire_shape verdict_shape = {&aims__verdict__descriptor, CODEC_VERDICT_MAX,
                                                MESSAGE_CASES_MAX};
static const struct wire_shape propose_shape = {&aims__propose__descriptor, CODEC_VOTE_MAX, 0};
static const struct wire_shape prepare_shape = {&aims__prepare__descriptor, CODEC_VOTE_MAX, 0};
static const struct wire_shape new_view_shape = {&aims__new_view__descriptor, CODEC_VOTE_MAX, 0};

void codec_payload_encode_header(const struct message_header *header, struct buffer *out)
{
    Aims__Header wire = AIMS__HEADER__INIT;

    wire.roster = wire_view_digest(&header->roster);
    wire.manifest = wire_view_digest(&header->manifest);
    wire.bundle = wire_view_digest(&header->bundle);
    wire.bundle_size = header->bundle_size;
    wire.catalog = wire_view_digest(&header->catalog);
    wire.signing = wire_view(bytes_of(header->signing, MESSAGE_KEY_SIZE));
    wire.sealing = wire_view(bytes_of(header->sealing, MESSAGE_KEY_SIZE));
    wire.attempt = header->attempt;
    wire.home = header->home;
    wire.earlier = wire_view(header->earlier);
    wire_pack(&wire.base, out);
}

bool codec_payload_decode_header(struct bytes payload, struct arena *arena,
                                 struct message_header *out, struct error *error)
{
    struct message_header header = {0};
    const Aims__Header *wire = wire_unpack(&header_shape, payload, arena, error);

    if (wire == NULL || !wire_digest(wire->roster, "header.roster", &header.roster, error) ||
        !wire_digest(wire->manifest, "header.manifest", &header.manifest, error) ||
        !wire_digest(wire->bundle, "header.bundle", &header.bundle, error) ||
        !wire_number(wire->bundle_size, 1, CODEC_NUMBER_MAX, "header.bundle_size", error) ||
        !wire_digest(wire->catalog, "header.catalog", &header.catalog, error) ||
        !wire_fixed(wire->signing, MESSAGE_KEY_SIZE, "header.signing", header.signing, error) ||
        !wire_fixed(wire->sealing, MESSAGE_KEY_SIZE, "header.sealing", header.sealing, error) ||
        !wire_number(wire->attempt, 1, UINT32_MAX, "header.attempt", error) ||
        !wire_number(wire->home, 0, COORDINATOR_MAX, "header.home", error) ||
        !wire_bytes(wire->earlier, MESSAGE_CERTIFICATE_MAX, "header.earlier", &header.earlier,
                    error)) {
        return false;
    }
    if ((wire->attempt > 1) != (header.earlier.size > 0)) {
        return error_set(error, ERROR_INVALID, "header.earlier is %zu bytes in attempt %u",
                         header.earlier.size, (unsigned)wire->attempt);
    }
    header.bundle_size = wire->bundle_size;
    header.attempt = wire->attempt;
    header.home = (uint8_t)wire->home;
    *out = header;
    return true;
}

void codec_payload_encode_docket(const struct message_docket *docket, struct buffer *out)
{
    CHECK(docket->case_count >= 1);
    CHECK(docket->case_count <= MESSAGE_CASES_MAX);

    struct arena *arena = arena_create(MESSAGE_CASES_MAX * sizeof(Aims__Signed) * 2);
    Aims__Docket wire = AIMS__DOCKET__INIT;

    wire.roster = wire_view_digest(&docket->roster);
    wire.catalog = wire_view_digest(&docket->catalog);
    wire.home = docket->home;
    wire.as_of = docket->as_of;
    wire.serial = docket->serial;
    wire.n_headers = docket->case_count;
    wire.headers = wire_view_signed(docket->headers, docket->case_count, arena);
    wire_pack(&wire.base, out);
    arena_destroy(arena);
}

static bool decode_cases(const struct message_docket *docket, struct arena *arena,
                         struct message_header **out, struct error *error)
{
    struct message_header *cases = wire_array(arena, docket->case_count, sizeof(*cases), error);

    if (cases == NULL) {
        return false;
    }
    for (size_t i = 0; i < docket->case_count; i++) {
        if (!codec_payload_decode_header(docket->headers[i].payload, arena, &cases[i], error)) {
            return error_wrap(error, "docket.headers %zu", i);
        }
    }
    *out = cases;
    return true;
}

bool codec_payload_decode_docket(struct bytes payload, struct arena *arena,
                                 struct message_docket *out, struct error *error)
{
    struct message_docket docket = {0};

    const Aims__Docket *wire = wire_unpack(&docket_shape, payload, arena, error);

    if (wire == NULL || !wire_digest(wire->roster, "docket.roster", &docket.roster, error) ||
        !wire_digest(wire->catalog, "docket.catalog", &docket.catalog, error) ||
        !wire_number(wire->home, 0, COORDINATOR_MAX, "docket.home", error) ||
        !wire_number(wire->as_of, 0, CODEC_TIME_MAX, "docket.as_of", error) ||
        !wire_number(wire->serial, 1, CODEC_NUMBER_MAX, "docket.serial", error) ||
        !wire_count(wire->n_headers, 1, MESSAGE_CASES_MAX, "docket.headers", error)) {
        return false;
    }
    struct wire_signed headers = {wire->headers, wire->n_headers, CODEC_HEADER_MAX};

    docket.home = (uint8_t)wire->home;
    docket.as_of = wire->as_of;
    docket.serial = wire->serial;
    docket.case_count = wire->n_headers;
    if (!wire_signed(headers, "docket.headers", arena, &docket.headers, error) ||
        !decode_cases(&docket, arena, &docket.cases, error)) {
        return false;
    }
    *out = docket;
    return true;
}

void codec_payload_encode_verdict(const struct message_verdict *verdict, struct buffer *out)
{
    Aims__Entry entries[MESSAGE_CASES_MAX];
    Aims__Entry *pointers[MESSAGE_CASES_MAX];
    Aims__Verdict wire = AIMS__VERDICT__INIT;

    CHECK(verdict->entry_count >= 1);
    CHECK(verdict->entry_count <= MESSAGE_CASES_MAX);

    for (size_t i = 0; i < verdict->entry_count; i++) {
        aims__entry__init(&entries[i]);
        entries[i].reason = verdict->entries[i].reason;
        entries[i].digest = wire_view_digest(&verdict->entries[i].digest);
        pointers[i] = &entries[i];
    }
    wire.roster = wire_view_digest(&verdict->roster);
    wire.docket = wire_view_digest(&verdict->docket);
    wire.seat = verdict->seat;
    wire.ruleset = wire_view_digest(&verdict->ruleset);
    wire.assessed_at = verdict->assessed_at;
    wire.n_entries = verdict->entry_count;
    wire.entries = pointers;
    wire_pack(&wire.base, out);
}

/* A digest goes with the reasons that name something, and only with them. */
static bool decode_entry(const Aims__Entry *wire, struct message_entry *out, struct error *error)
{
    if (!wire_known(&wire->base, error) ||
        !wire_number(wire->reason, 0, MESSAGE_REASON_COUNT - 1, "reason", error) ||
        !wire_digest(wire->digest, "digest", &out->digest, error)) {
        return false;
    }
    out->reason = (enum message_reason)wire->reason;
    bool names = out->reason == MESSAGE_ASSESSED || out->reason == MESSAGE_BOUND ||
                 out->reason == MESSAGE_CONCLUDED;

    if (names == digest_is_zero(&out->digest)) {
        return error_set(error, ERROR_INVALID, "digest is %s with reason %u",
                         names ? "zero" : "not zero", (unsigned)wire->reason);
    }
    return true;
}

static bool decode_entries(const Aims__Verdict *wire, struct arena *arena,
                           struct message_entry **out, struct error *error)
{
    struct message_entry *entries = wire_array(arena, wire->n_entries, sizeof(*entries), error);

    if (entries == NULL) {
        return false;
    }
    for (size_t i = 0; i < wire->n_entries; i++) {
        if (!decode_entry(wire->entries[i], &entries[i], error)) {
            return error_wrap(error, "verdict.entries %zu", i);
        }
    }
    *out = entries;
    return true;
}

bool codec_payload_decode_verdict(struct bytes payload, struct arena *arena,
                                  struct message_verdict *out, struct error *error)
{
    struct message_verdict verdict = {0};

    const Aims__Verdict *wire = wire_unpack(&verdict_shape, payload, arena, error);

    if (wire == NULL || !wire_digest(wire->roster, "verdict.roster", &verdict.roster, error) ||
        !wire_digest(wire->docket, "verdict.docket", &verdict.docket, error) ||
        !wire_number(wire->seat, 0, SEAT_MAX, "verdict.seat", error) ||
        !wire_digest(wire->ruleset, "verdict.ruleset", &verdict.ruleset, error) ||
        !wire_number(wire->assessed_at, 0, CODEC_TIME_MAX, "verdict.assessed_at", error) ||
        !wire_count(wire->n_entries, 1, MESSAGE_CASES_MAX, "verdict.entries", error) ||
        !decode_entries(wire, arena, &verdict.entries, error)) {
        return false;
    }
    verdict.seat = (uint8_t)wire->seat;
    verdict.assessed_at = wire->assessed_at;
    verdict.entry_count = wire->n_entries;
    *out = verdict;
    return true;
}

void codec_payload_encode_propose(const struct message_propose *propose, struct buffer *out)
{
    Aims__Propose wire = AIMS__PROPOSE__INIT;

    wire.roster = wire_view_digest(&propose->roster);
    wire.docket = wire_view_digest(&propose->docket);
    wire.view = propose->view;
    wire.book = wire_view_digest(&propose->book);
    wire.value = wire_view_digest(&propose->value);
    wire.tc = wire_view_digest(&propose->tc);
    wire_pack(&wire.base, out);
}

/* View 1 needs no justification and has none; every later view is entered through a TC. */
static bool view_is_justified(uint32_t view, const struct digest *tc, const char *what,
                              struct error *error)
{
    if ((view > 1) == digest_is_zero(tc)) {
        return error_set(error, ERROR_INVALID, "%s is %s in view %u", what,
                         view > 1 ? "zero" : "not zero", (unsigned)view);
    }
    return true;
}

bool codec_payload_decode_propose(struct bytes payload, struct message_propose *out,
                                  struct error *error)
{
    struct message_propose propose = {0};
    struct arena *arena = arena_create(VOTE_MEMORY_SIZE);
    const Aims__Propose *wire = NULL;
    bool is_good = (wire = wire_unpack(&propose_shape, payload, arena, error)) != NULL &&
                   wire_digest(wire->roster, "propose.roster", &propose.roster, error) &&
                   wire_digest(wire->docket, "propose.docket", &propose.docket, error) &&
                   wire_number(wire->view, 1, UINT32_MAX, "propose.view", error) &&
                   wire_digest(wire->book, "propose.book", &propose.book, error) &&
                   wire_digest(wire->value, "propose.value", &propose.value, error) &&
                   wire_digest(wire->tc, "propose.tc", &propose.tc, error) &&
                   view_is_justified(wire->view, &propose.tc, "propose.tc", error);

    if (is_good) {
        propose.view = wire->view;
        *out = propose;
    }
    arena_destroy(arena);
    return is_good;
}

void codec_payload_encode_prepare(const struct message_prepare *prepare, struct buffer *out)
{
    Aims__Prepare wire = AIMS__PREPARE__INIT;

    wire.roster = wire_view_digest(&prepare->roster);
    wire.docket = wire_view_digest(&prepare->docket);
    wire.view = prepare->view;
    wire.value = wire_view_digest(&prepare->value);
    wire.tc = wire_view_digest(&prepare->tc);
    wire_pack(&wire.base, out);
}

bool codec_payload_decode_prepare(struct bytes payload, struct message_prepare *out,
                                  struct error *error)
{
    struct message_prepare prepare = {0};
    struct arena *arena = arena_create(VOTE_MEMORY_SIZE);
    const Aims__Prepare *wire = NULL;
    bool is_good = (wire = wire_unpack(&prepare_shape, payload, arena, error)) != NULL &&
                   wire_digest(wire->roster, "prepare.roster", &prepare.roster, error) &&
                   wire_digest(wire->docket, "prepare.docket", &prepare.docket, error) &&
                   wire_number(wire->view, 1, UINT32_MAX, "prepare.view", error) &&
                   wire_digest(wire->value, "prepare.value", &prepare.value, error) &&
                   wire_digest(wire->tc, "prepare.tc", &prepare.tc, error) &&
                   view_is_justified(wire->view, &prepare.tc, "prepare.tc", error);

    if (is_good) {
        prepare.view = wire->view;
        *out = prepare;
    }
    arena_destroy(arena);
    return is_good;
}

void codec_payload_encode_new_view(const struct message_new_view *new_view, struct buffer *out)
{
    Aims__NewView wire = AIMS__NEW_VIEW__INIT;

    wire.roster = wire_view_digest(&new_view->roster);
    wire.docket = wire_view_digest(&new_view->docket);
    wire.view = new_view->view;
    wire.qc_view = new_view->qc_view;
    wire.qc_value = wire_view_digest(&new_view->qc_value);
    wire_pack(&wire.base, out);
}

/* What no honest seat signs in any state: a QC of the view it asks for or later, or a D without a
 * QC. */
static bool report_is_possible(const Aims__NewView *wire, const struct digest *value,
                               struct error *error)
{
    if (wire->qc_view >= wire->view) {
        return error_set(error, ERROR_INVALID, "new_view.qc_view is %u in a wish for view %u",
                         (unsigned)wire->qc_view, (unsigned)wire->view);
    }
    if ((wire->qc_view > 0) == digest_is_zero(value)) {
        return error_set(error, ERROR_INVALID, "new_view.qc_value is %s with a QC of view %u",
                         wire->qc_view > 0 ? "zero" : "not zero", (unsigned)wire->qc_view);
    }
    return true;
}

bool codec_payload_decode_new_view(struct bytes payload, struct message_new_view *out,
                                   struct error *error)
{
    struct message_new_view new_view = {0};
    struct arena *arena = arena_create(VOTE_MEMORY_SIZE);
    const Aims__NewView *wire = NULL;
    bool is_good = (wire = wire_unpack(&new_view_shape, payload, arena, error)) != NULL &&
                   wire_digest(wire->roster, "new_view.roster", &new_view.roster, error) &&
                   wire_digest(wire->docket, "new_view.docket", &new_view.docket, error) &&
                   wire_number(wire->view, 2, UINT32_MAX, "new_view.view", error) &&
                   wire_digest(wire->qc_value, "new_view.qc_value", &new_view.qc_value, error) &&
                   report_is_possible(wire, &new_view.qc_value, error);

    if (is_good) {
        new_view.view = wire->view;
        new_view.qc_view = wire->qc_view;
        *out = new_view;
    }
    arena_destroy(arena);
    return is_good;
}

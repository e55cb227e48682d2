#define _XOPEN_SOURCE 700 /* For nftw(). */

#include "tests/agent/court.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/encode.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "evidence/bundle.h"
#include "net/link_server.h"
#include "proto/codec.h"
#include "report/certificate.h"
#include "tests/evidence/directory.h"

#define CATALOG    AIMS_SOURCE_DIR "/rules/catalogs/iso42001-2023"
#define RULESET    AIMS_SOURCE_DIR "/rules/rulesets/registers"
#define SCHEMA     AIMS_SOURCE_DIR "/evidence/schema.yaml"
#define ARENA_SIZE (512U * 1024 * 1024)

void court_require(bool is_done, const struct error *error)
{
    if (!is_done) {
        fail_msg("%s", error->message);
    }
}

char *court_path(const struct court *court, const char *name, char out[PATH_SIZE])
{
    (void)snprintf(out, PATH_SIZE, "%s/%s", court->folder, name);
    return out;
}

/* ---- the coordinators ---- */

void court_send(struct desk *desk, const struct message *message)
{
    struct buffer frame = {0};
    struct error error;

    court_require(codec_frame_encode(message, &frame, &error), &error);
    (void)link_server_send(desk->server, 0, buffer_bytes(&frame));
    buffer_finish(&frame);
}

static void send_hello(struct desk *desk)
{
    struct message message = {.kind = MESSAGE_HELLO};

    message.hello.version = MESSAGE_VERSION;
    message.hello.roster = desk->court->roster.digest;
    message.hello.index = desk->index;
    message.hello.clock_ms = 1;
    message.hello.program = bytes_of_text("test");
    court_send(desk, &message);
}

void court_send_part(struct desk *desk, struct bytes content, uint64_t offset, uint64_t total)
{
    struct message item = {.kind = MESSAGE_ITEM};

    item.item.item = MESSAGE_ITEM_BUNDLE;
    hash_bytes(buffer_bytes(&desk->court->bundle), &item.item.digest);
    item.item.offset = offset;
    item.item.total_size = total;
    item.item.data = content;
    court_send(desk, &item);
}

static void answer_fetch(struct desk *desk, uint64_t offset)
{
    const struct buffer *bundle = &desk->court->bundle;
    size_t left = bundle->size - (size_t)offset;
    struct bytes part = bytes_of(bundle->data + offset, left < 700 ? left : 700);
    uint8_t wrong[700] = {0};

    desk->fetch_count++;
    switch (desk->manner) {
    case MANNER_HONEST:
        court_send_part(desk, part, offset, bundle->size);
        break;
    case MANNER_WRONG:
        court_send_part(desk, bytes_of(wrong, part.size), offset, bundle->size);
        break;
    case MANNER_NONE:
        court_send_part(desk, (struct bytes){0}, offset, 0);
        break;
    case MANNER_SILENT:
        break;
    default:
        fail();
    }
}

static void take_verdict(struct desk *desk, const struct message *message, struct bytes frame)
{
    struct message_verdict verdict;
    struct error error;

    desk->verdict_count++;
    buffer_clear(&desk->verdict);
    buffer_append(&desk->verdict, frame.data, frame.size);
    court_require(codec_payload_decode_verdict(message->verdict.verdicts[0].payload,
                                               desk->court->arena, &verdict, &error),
                  &error);
    assert_int_equal(verdict.entry_count, 1);
    desk->reason = verdict.entries[0].reason;
    desk->reasons[desk->reason]++;
    desk->docket = verdict.docket;
}

static void say_done(struct desk *desk, const struct digest *docket)
{
    struct message message = {.kind = MESSAGE_DONE};

    message.done.docket = *docket;
    court_send(desk, &message);
}

static void receive(void *context, size_t seat, struct bytes frame)
{
    struct desk *desk = context;
    struct message message;
    struct error error;

    assert_int_equal(seat, 0);
    court_require(codec_frame_decode(frame, desk->court->arena, &message, &error), &error);
    desk->counts[message.kind]++;
    buffer_clear(&desk->frames[message.kind]);
    buffer_append(&desk->frames[message.kind], frame.data, frame.size);
    if (desk->is_mute) {
        return;
    }
    if (message.kind == MESSAGE_HELLO) {
        assert_true(digest_equal(&message.hello.roster, &desk->court->roster.digest));
        desk->hello_count++;
        send_hello(desk);
    } else if (message.kind == MESSAGE_PING) {
        message.kind = MESSAGE_PONG;
        court_send(desk, &message);
    } else if (message.kind == MESSAGE_FETCH && message.fetch.item == MESSAGE_ITEM_BUNDLE) {
        answer_fetch(desk, message.fetch.offset);
    } else if (message.kind == MESSAGE_FETCH && message.fetch.item == MESSAGE_ITEM_VALUE) {
        desk->value_fetch_count++;
        desk->fetched = message.fetch.digest;
    } else if (message.kind == MESSAGE_DECIDE && desk->says_done) {
        say_done(desk, &message.decide.docket);
    } else if (message.kind == MESSAGE_VERDICT) {
        take_verdict(desk, &message, frame);
    } else if (message.kind == MESSAGE_ITEM && message.item.item == MESSAGE_ITEM_PAPERS) {
        desk->papers_count++;
        desk->papers_size = message.item.total_size;
    }
}

static void serve_once(struct court *court)
{
    struct error error;

    assert_int_equal(waitpid(court->agent, NULL, WNOHANG), 0); /* It lives. */
    for (size_t i = 0; i < DESKS; i++) {
        court_require(loop_turn(court->desks[i].loop, 5, &error), &error);
    }
}

void court_serve(struct court *court, uint64_t duration_ms)
{
    uint64_t until_ms = loop_now_ms() + duration_ms;

    while (loop_now_ms() < until_ms) {
        serve_once(court);
    }
}

void court_await(struct court *court, const unsigned *counter, unsigned value)
{
    uint64_t until_ms = loop_now_ms() + PATIENCE_MS;

    while (*counter < value) {
        assert_true(loop_now_ms() < until_ms);
        serve_once(court);
    }
}

void court_settle(struct desk *desk)
{
    struct message message = {.kind = MESSAGE_PONG}; /* "I do not know you": HELLO comes back. */
    unsigned before = desk->hello_count;

    court_send(desk, &message);
    court_await(desk->court, &desk->hello_count, before + 1);
}

/* ---- the court ---- */

static struct keys *keys_number(uint8_t role, uint8_t number)
{
    uint8_t seed[KEYS_SEED_SIZE] = {role, number};

    return keys_from_seed(seed);
}

static void convene(struct court *court)
{
    struct roster_seat seats[SEATS] = {0};
    struct roster_coordinator coordinators[DESKS] = {0};
    struct roster roster = {.name = "Fictional council",
                            .epoch = 1,
                            .seat_count = SEATS,
                            .faulty_max = 1,
                            .seats = seats,
                            .coordinator_count = DESKS,
                            .coordinators = coordinators,
                            .catalog_count = 1,
                            .catalogs = &court->catalog.digest};
    struct buffer text = {0};
    struct error error;

    for (uint8_t i = 0; i < SEATS; i++) {
        court->seats[i] = keys_number(1, i);
        const struct keys_public *public = keys_public(court->seats[i]);

        seats[i].operator_name = arena_format(court->arena, "operator %u", i);
        seats[i].ruleset = "registers";
        seats[i].host = arena_format(court->arena, "host %u", i);
        memcpy(seats[i].signing, public->signing, MESSAGE_KEY_SIZE);
        memcpy(seats[i].sealing, public->sealing, MESSAGE_KEY_SIZE);
        memcpy(seats[i].transport, public->transport, MESSAGE_KEY_SIZE);
    }
    for (uint8_t i = 0; i < DESKS; i++) {
        const struct keys_public *public = keys_public(court->desks[i].keys);

        coordinators[i].name = arena_format(court->arena, "desk %u", i);
        coordinators[i].operator_name = "operator";
        memcpy(coordinators[i].signing, public->signing, MESSAGE_KEY_SIZE);
        memcpy(coordinators[i].transport, public->transport, MESSAGE_KEY_SIZE);
    }
    roster_write(&roster, &text);
    directory_write(court->folder, "roster.json", text.data, text.size);
    court_require(
        roster_parse(buffer_bytes(&text), "roster.json", court->arena, &court->roster, &error),
        &error);
    buffer_finish(&text);
}

static void open_desk(struct desk *desk)
{
    uint8_t transports[SEATS][KEYS_PUBLIC_SIZE];
    struct link_server_options options = {.endpoint = "tcp://127.0.0.1:*",
                                          .keys = desk->keys,
                                          .transports =
                                              (const uint8_t(*)[KEYS_PUBLIC_SIZE])transports,
                                          .seat_count = SEATS,
                                          .message_size_max = MESSAGE_FRAME_MAX,
                                          .queue_max = 10000,
                                          .received = receive,
                                          .context = desk};
    struct error error;

    for (size_t i = 0; i < SEATS; i++) {
        memcpy(transports[i], desk->court->roster.seats[i].transport, KEYS_PUBLIC_SIZE);
    }
    court_require(loop_create(&desk->loop, &error), &error);
    court_require(link_server_open(desk->loop, &options, &desk->server, &error), &error);
}

static void pack(struct court *court)
{
    struct schema schema;
    struct notes notes;
    struct bundle_packed packed;
    char evidence[PATH_SIZE];
    struct error error;
    struct bundle_options options = {.directory = court_path(court, "evidence", evidence),
                                     .schema = &schema,
                                     .keys = court->submitter,
                                     .is_plain = true,
                                     .notes = &notes};

    directory_schema(court->arena, &schema);
    notes_init(&notes, court->arena);
    directory_write_text(court->folder, "evidence/aims.yaml",
                         "schema: 1\norganisation: Example Org\npurpose: internal\n"
                         "period_start: 2025-07-01\nperiod_end: 2026-06-30\n");
    directory_write_text(court->folder, "evidence/registers/ai_systems.csv", "id\ns1\n");
    court_require(bundle_pack(&options, court->arena, &court->bundle, &packed, &error), &error);
    court->header = packed.header;
}

static void write_seat(struct court *court, const char *ruleset)
{
    uint8_t seed[KEYS_SEED_SIZE] = {1, 0};
    char hex[HEX_SIZE(KEYS_SEED_SIZE) + 1];
    char path[PATH_SIZE];
    struct buffer config = {0};
    struct error error;

    encode_hex(bytes_of(seed, sizeof(seed)), hex);
    memcpy(hex + HEX_SIZE(KEYS_SEED_SIZE) - 1, "\n", 2);
    directory_write_text(court->folder, "seat.seed", hex);
    assert_int_equal(chmod(court_path(court, "seat.seed", path), 0600), 0);
    court_require(
        seat_store_create(court_path(court, "votes.db", path), &court->roster.digest, 0, &error),
        &error);
    buffer_format(&config,
                  "roster: roster.json\nseat: 0\nkey: seat.seed\nstore: votes.db\nspool: spool\n"
                  "catalog: %s\nruleset: %s\nschema: %s\ncoordinators: [\"%s\", \"%s\"]\n",
                  CATALOG, ruleset, SCHEMA, link_server_endpoint(court->desks[0].server),
                  link_server_endpoint(court->desks[1].server));
    directory_write_text(court->folder, "agent.yaml", buffer_text(&config));
    buffer_finish(&config);
}

void court_start(struct court *court)
{
    char config[PATH_SIZE];
    char log[PATH_SIZE];
    char *const command[] = {(char *)(uintptr_t)(AIMS_PROGRAM_DIR "/aims-agent"),
                             (char *)(uintptr_t) "--config",
                             court_path(court, "agent.yaml", config), NULL};
    char *const environment[] = {NULL};
    posix_spawn_file_actions_t actions;

    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    (void)posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, court_path(court, "log", log),
                                           O_WRONLY | O_CREAT | O_APPEND, 0600);
    assert_int_equal(posix_spawn(&court->agent, command[0], &actions, NULL, command, environment),
                     0);
    (void)posix_spawn_file_actions_destroy(&actions);
}

void court_crash(struct court *court)
{
    assert_int_equal(kill(court->agent, SIGKILL), 0);
    assert_int_equal(waitpid(court->agent, NULL, 0), court->agent);
}

/* Everything but the agent, whose rule set is RULESET. */
static struct court *open_court(const char *ruleset)
{
    struct court *court = calloc(1, sizeof(*court));
    struct error error;

    assert_non_null(court);
    keys_library_init();
    court->arena = arena_create(ARENA_SIZE);
    _Static_assert(sizeof(court->folder) >= DIRECTORY_PATH_SIZE, "the folder has room");
    directory_create(court->folder);
    court_require(catalog_load(CATALOG, court->arena, &court->catalog, &error), &error);
    court->submitter = keys_number(3, 0);
    for (uint8_t i = 0; i < DESKS; i++) {
        court->desks[i] = (struct desk){.court = court, .index = i, .keys = keys_number(2, i)};
    }
    convene(court);
    for (size_t i = 0; i < DESKS; i++) {
        open_desk(&court->desks[i]);
    }
    pack(court);
    write_seat(court, ruleset);
    court_start(court);
    return court;
}

int court_set_up(void **state)
{
    struct court *court = open_court(RULESET);

    for (size_t i = 0; i < DESKS; i++) {
        court_await(court, &court->desks[i].hello_count, 1);
    }
    *state = court;
    return 0;
}

int court_set_up_without_rules(void **state)
{
    *state = open_court("./no-such-rules");
    return 0;
}

int court_tear_down(void **state)
{
    struct court *court = *state;
    int status = 0;

    assert_int_equal(kill(court->agent, SIGTERM), 0);
    assert_int_equal(waitpid(court->agent, &status, 0), court->agent);
    for (size_t i = 0; i < DESKS; i++) {
        link_server_close(court->desks[i].server);
        loop_destroy(court->desks[i].loop);
        keys_destroy(court->desks[i].keys);
        buffer_finish(&court->desks[i].verdict);
        for (size_t kind = 0; kind < MESSAGE_KIND_COUNT; kind++) {
            buffer_finish(&court->desks[i].frames[kind]);
        }
    }
    for (size_t i = 0; i < SEATS; i++) {
        keys_destroy(court->seats[i]);
    }
    keys_destroy(court->submitter);
    buffer_finish(&court->bundle);
    directory_destroy(court->folder);
    arena_destroy(court->arena);
    free(court);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    return 0;
}

/* ---- dockets ---- */

struct message_signed court_sign(struct court *court, const struct keys *keys, const char *type,
                                 struct buffer *payload)
{
    struct message_signed message;

    message.payload =
        bytes_of(arena_copy(court->arena, payload->data, payload->size), payload->size);
    sign_payload(keys, type, message.payload, message.signature);
    buffer_finish(payload);
    return message;
}

static struct message_signed make_docket(struct desk *desk, uint64_t serial, uint64_t ago_s,
                                         uint32_t attempt, struct bytes earlier)
{
    struct court *court = desk->court;
    const struct keys_public *public = keys_public(court->submitter);
    struct buffer payload = {0};
    struct message_header header = {.roster = court->roster.digest,
                                    .manifest = court->header.manifest,
                                    .bundle_size = court->bundle.size,
                                    .catalog = court->catalog.digest,
                                    .attempt = attempt,
                                    .earlier = earlier,
                                    .home = desk->index};
    struct message_docket docket = {.roster = court->roster.digest,
                                    .catalog = court->catalog.digest,
                                    .home = desk->index,
                                    .as_of = (uint64_t)time(NULL) - ago_s,
                                    .serial = serial,
                                    .case_count = 1};

    hash_bytes(buffer_bytes(&court->bundle), &header.bundle);
    memcpy(header.signing, public->signing, MESSAGE_KEY_SIZE);
    memcpy(header.sealing, public->sealing, MESSAGE_KEY_SIZE);
    codec_payload_encode_header(&header, &payload);
    struct message_signed signed_header =
        court_sign(court, court->submitter, MESSAGE_TYPE_HEADER, &payload);

    docket.headers = &signed_header;
    codec_payload_encode_docket(&docket, &payload);
    return court_sign(court, desk->keys, MESSAGE_TYPE_DOCKET, &payload);
}

struct message_signed court_docket(struct desk *desk, uint64_t serial, uint64_t ago_s)
{
    return make_docket(desk, serial, ago_s, 1, (struct bytes){0});
}

struct message_signed court_docket_lost(struct desk *desk, uint64_t serial)
{
    struct buffer *bundle = &desk->court->bundle;

    bundle->data[0] ^= 1;
    struct message_signed docket = court_docket(desk, serial, 0);

    bundle->data[0] ^= 1;
    return docket;
}

struct message_signed court_docket_other(struct desk *desk, uint64_t serial)
{
    struct bundle_header *header = &desk->court->header;
    struct digest manifest = header->manifest;

    header->manifest.data[0] ^= (uint8_t)serial;
    struct message_signed docket = court_docket(desk, serial, 0);

    header->manifest = manifest;
    return docket;
}

struct message_signed court_docket_again(struct desk *desk, uint64_t serial, uint32_t attempt,
                                         struct bytes earlier)
{
    return make_docket(desk, serial, 0, attempt, earlier);
}

void court_assign(struct desk *desk, const struct message_signed *docket)
{
    struct message message = {.kind = MESSAGE_ASSIGN};

    message.assign.docket = *docket;
    court_send(desk, &message);
}

/* Signs, as chair of view 1, for what BOOK, a book on DOCKET, gives. */
static void propose_book(struct desk *desk, const struct message_signed *docket,
                         const struct message_book *book, struct court_value *out)
{
    struct court *court = desk->court;
    struct verify_docket checked;
    struct verify_book verified;
    struct statement *statement = arena_alloc(court->arena, sizeof(*statement));
    struct report_source source = {.roster = &court->roster,
                                   .catalog = &court->catalog,
                                   .docket = &checked,
                                   .book = &verified};
    struct message_propose propose = {.roster = court->roster.digest, .view = 1};
    struct buffer payload = {0};
    struct error error;

    court_require(verify_docket(&court->roster, docket, court->arena, &checked, &error), &error);
    checked.criterion_count = court->catalog.criterion_count;
    court_require(verify_book(&checked, book, court->arena, &verified, &error), &error);
    statement_make(&source, 1, statement);
    propose.docket = checked.scope.docket;
    propose.book = verified.digest;
    propose.value = statement->value;
    codec_payload_encode_propose(&propose, &payload);
    out->statement = statement;
    out->propose = (struct message){.kind = MESSAGE_PROPOSE};
    out->propose.propose.propose = court_sign(court, desk->keys, MESSAGE_TYPE_PROPOSE, &payload);
    out->propose.propose.book = *book;
}

void court_value(struct desk *desk, const struct message_signed *docket, uint64_t variant,
                 struct court_value *out)
{
    struct court *court = desk->court;
    struct message_signed *verdicts = arena_array(court->arena, QUORUM, sizeof(*verdicts));
    struct message_verdict like;
    struct message message;
    struct buffer payload = {0};
    struct error error;

    court_require(codec_frame_decode(
                      bytes_of(arena_copy(court->arena, desk->verdict.data, desk->verdict.size),
                               desk->verdict.size),
                      court->arena, &message, &error),
                  &error);
    verdicts[0] = message.verdict.verdicts[0];
    court_require(codec_payload_decode_verdict(verdicts[0].payload, court->arena, &like, &error),
                  &error);
    like.assessed_at += variant;
    for (uint8_t i = 1; i < QUORUM; i++) {
        like.seat = i;
        codec_payload_encode_verdict(&like, &payload);
        verdicts[i] = court_sign(court, court->seats[i], MESSAGE_TYPE_VERDICT, &payload);
    }
    message.verdict.verdict_count = QUORUM;
    message.verdict.verdicts = verdicts;
    propose_book(desk, docket, &message.verdict, out);
}

void court_value_unheard(struct desk *desk, const struct message_signed *docket,
                         struct court_value *out)
{
    struct court *court = desk->court;
    struct message_signed *verdicts = arena_array(court->arena, QUORUM, sizeof(*verdicts));
    struct message_entry entry = {.reason = MESSAGE_NO_BUNDLE};
    struct message_book book = {.verdict_count = QUORUM, .verdicts = verdicts};
    struct message_verdict verdict = {.roster = court->roster.digest,
                                      .assessed_at = (uint64_t)time(NULL),
                                      .entry_count = 1,
                                      .entries = &entry};
    struct buffer payload = {0};

    hash_bytes(docket->payload, &verdict.docket);
    for (uint8_t i = 0; i < QUORUM; i++) {
        verdict.seat = (uint8_t)(i + 1);
        codec_payload_encode_verdict(&verdict, &payload);
        verdicts[i] = court_sign(court, court->seats[i + 1], MESSAGE_TYPE_VERDICT, &payload);
    }
    propose_book(desk, docket, &book, out);
}

struct bytes court_qc(struct court *court, const struct message_prepare *prepare)
{
    struct message_vote votes[QUORUM];
    struct message_qc qc = {.vote_count = QUORUM, .votes = votes};
    struct buffer payload = {0};
    struct buffer part = {0};

    for (uint8_t i = 0; i < QUORUM; i++) {
        codec_payload_encode_prepare(prepare, &payload);
        struct message_signed vote =
            court_sign(court, court->seats[i + 1], MESSAGE_TYPE_PREPARE, &payload);

        qc.payload = vote.payload;
        votes[i].seat = (uint8_t)(i + 1);
        memcpy(votes[i].signature, vote.signature, sizeof(vote.signature));
    }
    codec_part_encode_qc(&qc, &part);
    struct bytes bytes = bytes_of(arena_copy(court->arena, part.data, part.size), part.size);

    buffer_finish(&part);
    return bytes;
}

void court_certify(struct court *court, struct court_value *out)
{
    struct message_prepare prepare = {.roster = court->roster.digest,
                                      .docket = out->statement->docket,
                                      .view = 1,
                                      .value = out->statement->value};

    out->certify = (struct message){.kind = MESSAGE_CERTIFY};
    out->certify.certify = court_qc(court, &prepare);
}

struct message court_decide(struct court *court, const struct court_value *value)
{
    struct message message = {.kind = MESSAGE_DECIDE};
    struct message_vote votes[QUORUM];
    struct bytes statement = {0};
    struct buffer payload = {0};
    struct buffer envelope = {0};

    for (uint8_t i = 0; i < QUORUM; i++) {
        statement_write(value->statement, &payload);
        struct message_signed vote =
            court_sign(court, court->seats[i + 1], MESSAGE_TYPE_STATEMENT, &payload);

        statement = vote.payload;
        votes[i].seat = (uint8_t)(i + 1);
        memcpy(votes[i].signature, vote.signature, sizeof(vote.signature));
    }
    certificate_write(&court->roster, statement, votes, QUORUM, &envelope);
    message.decide.docket = value->statement->docket;
    message.decide.certificate =
        bytes_of(arena_copy(court->arena, envelope.data, envelope.size), envelope.size);
    buffer_finish(&envelope);
    return message;
}

void court_last(const struct desk *desk, enum message_kind kind, struct message *out)
{
    const struct buffer *frame = &desk->frames[kind];
    struct arena *arena = desk->court->arena;
    struct error error;

    assert_true(frame->size > 0);
    court_require(
        codec_frame_decode(bytes_of(arena_copy(arena, frame->data, frame->size), frame->size),
                           arena, out, &error),
        &error);
}

unsigned court_log_count(const struct court *court, const char *words)
{
    static char text[65536];
    unsigned count = 0;
    char path[PATH_SIZE];
    FILE *file = fopen(court_path(court, "log", path), "r");

    assert_non_null(file);
    size_t size = fread(text, 1, sizeof(text) - 1, file);

    text[size] = '\0';
    (void)fclose(file);
    for (const char *at = text; (at = strstr(at, words)) != NULL; at++) {
        count++;
    }
    return count;
}

bool court_log_has(const struct court *court, const char *words)
{
    return court_log_count(court, words) > 0;
}

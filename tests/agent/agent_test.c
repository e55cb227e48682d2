/* A real aims-agent with its real assessor, between two coordinators of which any may be hostile.
 * The test plays the coordinators. */

#define _XOPEN_SOURCE 700 /* For nftw(). */

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

#include "agent/agent.h"
#include "base/encode.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "evidence/bundle.h"
#include "net/link_server.h"
#include "proto/codec.h"
#include "tests/evidence/directory.h"

#define CATALOG     AIMS_SOURCE_DIR "/rules/catalogs/iso42001-2023"
#define RULESET     AIMS_SOURCE_DIR "/rules/rulesets/registers"
#define SCHEMA      AIMS_SOURCE_DIR "/evidence/schema.yaml"
#define SEATS       4
#define DESKS       2
#define FLOOD       (AGENT_HEARINGS_MAX + 6)
#define HELD_UP_MS  20000 /* Less than what stuck papers may take. */
#define PATIENCE_MS 60000 /* Only a failing test waits so long. */
#define ARENA_SIZE  (512U * 1024 * 1024)
#define PATH_SIZE   (2 * DIRECTORY_PATH_SIZE)

enum manner { /* How a coordinator answers FETCH for the bundle. */
              MANNER_HONEST = 0,
              MANNER_SILENT,
              MANNER_WRONG, /* As many bytes, others. */
              MANNER_NONE,  /* Says that it has not got it. */
};

struct court;

struct desk { /* A coordinator. */
    struct court *court;
    uint8_t index;
    struct keys *keys;
    struct loop *loop;
    struct link_server *server;
    enum manner manner;
    unsigned hello_count;
    unsigned fetch_count; /* Of the bundle. */
    unsigned verdict_count;
    struct buffer verdict; /* The last frame. */
    enum message_reason reason;
    struct digest docket; /* Of the last verdict. */
    unsigned value_fetch_count;
    unsigned commit_count;
    unsigned papers_count;
    uint64_t papers_size; /* Of the last ones. */
};

struct court {
    struct arena *arena;
    char folder[DIRECTORY_PATH_SIZE];
    struct desk desks[DESKS];
    struct keys *seats[SEATS];
    struct keys *submitter;
    struct roster roster;
    struct catalog catalog;
    struct buffer bundle;
    struct bundle_header header;
    pid_t agent;
};

static void require(bool is_done, const struct error *error)
{
    if (!is_done) {
        fail_msg("%s", error->message);
    }
}

static char *path_of(const struct court *court, const char *name, char out[PATH_SIZE])
{
    (void)snprintf(out, PATH_SIZE, "%s/%s", court->folder, name);
    return out;
}

/* ---- the coordinators ---- */

static void send(struct desk *desk, const struct message *message)
{
    struct buffer frame = {0};
    struct error error;

    require(codec_frame_encode(message, &frame, &error), &error);
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
    send(desk, &message);
}

/* Sends a part of the bundle of the case: CONTENT from OFFSET on. */
static void send_part(struct desk *desk, struct bytes content, uint64_t offset, uint64_t total)
{
    struct message item = {.kind = MESSAGE_ITEM};

    item.item.item = MESSAGE_ITEM_BUNDLE;
    hash_bytes(buffer_bytes(&desk->court->bundle), &item.item.digest);
    item.item.offset = offset;
    item.item.total_size = total;
    item.item.data = content;
    send(desk, &item);
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
        send_part(desk, part, offset, bundle->size);
        break;
    case MANNER_WRONG:
        send_part(desk, bytes_of(wrong, part.size), offset, bundle->size);
        break;
    case MANNER_NONE:
        send_part(desk, (struct bytes){0}, offset, 0);
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
    require(codec_payload_decode_verdict(message->verdict.verdicts[0].payload, desk->court->arena,
                                         &verdict, &error),
            &error);
    assert_int_equal(verdict.entry_count, 1);
    desk->reason = verdict.entries[0].reason;
    desk->docket = verdict.docket;
}

static void receive(void *context, size_t seat, struct bytes frame)
{
    struct desk *desk = context;
    struct message message;
    struct error error;

    assert_int_equal(seat, 0);
    require(codec_frame_decode(frame, desk->court->arena, &message, &error), &error);
    if (message.kind == MESSAGE_HELLO) {
        assert_true(digest_equal(&message.hello.roster, &desk->court->roster.digest));
        desk->hello_count++;
        send_hello(desk);
    } else if (message.kind == MESSAGE_PING) {
        message.kind = MESSAGE_PONG;
        send(desk, &message);
    } else if (message.kind == MESSAGE_FETCH && message.fetch.item == MESSAGE_ITEM_BUNDLE) {
        answer_fetch(desk, message.fetch.offset);
    } else if (message.kind == MESSAGE_FETCH && message.fetch.item == MESSAGE_ITEM_VALUE) {
        desk->value_fetch_count++;
    } else if (message.kind == MESSAGE_COMMIT) {
        desk->commit_count++;
    } else if (message.kind == MESSAGE_VERDICT) {
        take_verdict(desk, &message, frame);
    } else if (message.kind == MESSAGE_ITEM && message.item.item == MESSAGE_ITEM_PAPERS) {
        desk->papers_count++;
        desk->papers_size = message.item.total_size;
    }
}

/* Serves both coordinators until *COUNTER has reached VALUE. */
static void await(struct court *court, const unsigned *counter, unsigned value)
{
    uint64_t until_ms = loop_now_ms() + PATIENCE_MS;
    struct error error;

    while (*counter < value) {
        assert_true(loop_now_ms() < until_ms);
        assert_int_equal(waitpid(court->agent, NULL, WNOHANG), 0); /* It lives. */
        for (size_t i = 0; i < DESKS; i++) {
            require(loop_turn(court->desks[i].loop, 5, &error), &error);
        }
    }
}

/* Has the agent take everything that DESK has sent so far. */
static void settle(struct desk *desk)
{
    struct message message = {.kind = MESSAGE_PONG}; /* "I do not know you": HELLO comes back. */
    unsigned before = desk->hello_count;

    send(desk, &message);
    await(desk->court, &desk->hello_count, before + 1);
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
    require(roster_parse(buffer_bytes(&text), "roster.json", court->arena, &court->roster, &error),
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
    require(loop_create(&desk->loop, &error), &error);
    require(link_server_open(desk->loop, &options, &desk->server, &error), &error);
}

static void pack(struct court *court)
{
    struct schema schema;
    struct notes notes;
    struct bundle_packed packed;
    char evidence[PATH_SIZE];
    struct error error;
    struct bundle_options options = {.directory = path_of(court, "evidence", evidence),
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
    require(bundle_pack(&options, court->arena, &court->bundle, &packed, &error), &error);
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
    assert_int_equal(chmod(path_of(court, "seat.seed", path), 0600), 0);
    require(seat_store_create(path_of(court, "votes.db", path), &court->roster.digest, 0, &error),
            &error);
    buffer_format(&config,
                  "roster: roster.json\nseat: 0\nkey: seat.seed\nstore: votes.db\nspool: spool\n"
                  "catalog: %s\nruleset: %s\nschema: %s\ncoordinators: [\"%s\", \"%s\"]\n",
                  CATALOG, ruleset, SCHEMA, link_server_endpoint(court->desks[0].server),
                  link_server_endpoint(court->desks[1].server));
    directory_write_text(court->folder, "agent.yaml", buffer_text(&config));
    buffer_finish(&config);
}

static void start_agent(struct court *court)
{
    char config[PATH_SIZE];
    char log[PATH_SIZE];
    char *const command[] = {(char *)(uintptr_t)(AIMS_PROGRAM_DIR "/aims-agent"),
                             (char *)(uintptr_t) "--config", path_of(court, "agent.yaml", config),
                             NULL};
    char *const environment[] = {NULL};
    posix_spawn_file_actions_t actions;

    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    (void)posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, path_of(court, "log", log),
                                           O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(posix_spawn(&court->agent, command[0], &actions, NULL, command, environment),
                     0);
    (void)posix_spawn_file_actions_destroy(&actions);
}

/* Everything but the agent, whose rule set is RULESET. */
static struct court *open_court(const char *ruleset)
{
    struct court *court = calloc(1, sizeof(*court));
    struct error error;

    assert_non_null(court);
    keys_library_init();
    court->arena = arena_create(ARENA_SIZE);
    directory_create(court->folder);
    require(catalog_load(CATALOG, court->arena, &court->catalog, &error), &error);
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
    start_agent(court);
    return court;
}

static int set_up(void **state)
{
    struct court *court = open_court(RULESET);

    for (size_t i = 0; i < DESKS; i++) {
        await(court, &court->desks[i].hello_count, 1);
    }
    *state = court;
    return 0;
}

static int set_up_without_rules(void **state)
{
    *state = open_court("./no-such-rules");
    return 0;
}

static int tear_down(void **state)
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

static struct message_signed sign(struct court *court, const struct keys *keys, const char *type,
                                  struct buffer *payload)
{
    struct message_signed message;

    message.payload =
        bytes_of(arena_copy(court->arena, payload->data, payload->size), payload->size);
    sign_payload(keys, type, message.payload, message.signature);
    buffer_finish(payload);
    return message;
}

/* A docket with the case at DESK, whose time is AGO_S seconds ago. */
static struct message_signed make_docket(struct desk *desk, uint64_t serial, uint64_t ago_s)
{
    struct court *court = desk->court;
    const struct keys_public *public = keys_public(court->submitter);
    struct buffer payload = {0};
    struct message_header header = {.roster = court->roster.digest,
                                    .manifest = court->header.manifest,
                                    .bundle_size = court->bundle.size,
                                    .catalog = court->catalog.digest,
                                    .attempt = 1,
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
        sign(court, court->submitter, MESSAGE_TYPE_HEADER, &payload);

    docket.headers = &signed_header;
    codec_payload_encode_docket(&docket, &payload);
    return sign(court, desk->keys, MESSAGE_TYPE_DOCKET, &payload);
}

static void assign(struct desk *desk, const struct message_signed *docket)
{
    struct message message = {.kind = MESSAGE_ASSIGN};

    message.assign.docket = *docket;
    send(desk, &message);
}

/* The agent assesses a case of DESK. */
static void must_assess(struct desk *desk)
{
    struct message_signed docket = make_docket(desk, 1000, 0);
    unsigned before = desk->verdict_count;

    assign(desk, &docket);
    await(desk->court, &desk->verdict_count, before + 1);
    assert_int_equal(desk->reason, MESSAGE_ASSESSED);
}

/* ---- tests ---- */

static void a_verdict_is_sent_to_all_and_never_made_again(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct message_signed docket = make_docket(desk, 1, 0);
    struct buffer first = {0};
    struct stat spool_status;
    char spooled[PATH_SIZE];

    assign(desk, &docket);
    await(court, &desk->verdict_count, 1);
    await(court, &court->desks[1].verdict_count, 1);
    assert_int_equal(desk->reason, MESSAGE_ASSESSED);
    buffer_append(&first, desk->verdict.data, desk->verdict.size);
    assert_true(bytes_equal(buffer_bytes(&first), buffer_bytes(&court->desks[1].verdict)));
    assign(desk, &docket);
    await(court, &desk->verdict_count, 2);
    assert_true(bytes_equal(buffer_bytes(&first), buffer_bytes(&desk->verdict)));
    buffer_finish(&first);
    (void)snprintf(spooled, sizeof(spooled), "%s/spool/case.aims", court->folder);
    assert_int_equal(stat(spooled, &spool_status), 0);
    assert_int_equal(spool_status.st_size, 0); /* The bundle does not stay. */
}

static void what_is_no_message_is_dropped(void **state)
{
    struct court *court = *state;
    uint32_t chance = 1;

    for (unsigned i = 0; i < 600; i++) {
        struct desk *desk = &court->desks[i % DESKS];
        uint8_t frame[64] = {MESSAGE_VERSION, (uint8_t)(i / 2 % (MESSAGE_KIND_COUNT + 2))};
        size_t size = i / 2 % (MESSAGE_KIND_COUNT + 2) == i / 2 ? 2 : 2 + i % 60;

        for (size_t j = 2; j < size; j++) {
            chance = chance * 1664525 + 1013904223;
            frame[j] = (uint8_t)(chance >> 24);
        }
        (void)link_server_send(desk->server, 0, bytes_of(frame, i == 599 ? 0 : size));
    }
    must_assess(&court->desks[0]);
}

static void a_docket_that_is_not_its_homes_is_dropped(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct message_signed docket = make_docket(desk, 1, 0);

    docket.signature[5] ^= 1;
    assign(desk, &docket);
    desk->index = 1; /* The home it names is not who signs. */
    docket = make_docket(desk, 2, 0);
    desk->index = 0;
    assign(desk, &docket);
    court->roster.digest.data[0] ^= 1;
    docket = make_docket(desk, 3, 0);
    court->roster.digest.data[0] ^= 1;
    assign(desk, &docket);
    settle(desk);
    assert_int_equal(desk->verdict_count, 0);
    assert_int_equal(desk->fetch_count, 0);
    must_assess(desk);
}

static void parts_that_nobody_asked_for_change_nothing(void **state)
{
    static const uint8_t garbage[4096];
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct desk *other = &court->desks[1];
    struct message_signed docket = make_docket(desk, 1, 0);
    size_t size = court->bundle.size;

    send_part(other, bytes_of(garbage, 100), 0, size); /* Nothing is fetched yet. */
    settle(other);
    desk->manner = MANNER_SILENT;
    other->manner = MANNER_SILENT;
    assign(desk, &docket);
    await(court, &desk->fetch_count, 1);
    for (int i = 0; i < 200; i++) { /* From who was not asked. */
        send_part(other, bytes_of(garbage, size < 4096 ? size : 4096), 0, size);
        send_part(other, (struct bytes){0}, 0, 0);
    }
    settle(other);
    send_part(desk, bytes_of(garbage, 100), 50, size); /* From the middle. */
    settle(desk);
    assert_int_equal(desk->verdict_count, 0);
    desk->manner = MANNER_HONEST;
    await(court, &desk->verdict_count, 1);
    assert_int_equal(desk->reason, MESSAGE_ASSESSED);
    assert_int_equal(other->fetch_count, 0);
}

static void a_bundle_of_another_size_is_fetched_elsewhere(void **state)
{
    static const uint8_t garbage[100];
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct desk *other = &court->desks[1];
    struct message_signed docket = make_docket(desk, 1, 0);

    desk->manner = MANNER_SILENT;
    assign(desk, &docket);
    await(court, &desk->fetch_count, 1);
    send_part(desk, bytes_of(garbage, 100), 0, 100);
    await(court, &other->verdict_count, 1);
    assert_int_equal(other->reason, MESSAGE_ASSESSED);
}

static void a_bundle_that_is_another_is_fetched_elsewhere(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];

    desk->manner = MANNER_WRONG;
    must_assess(desk);
    assert_true(court->desks[1].fetch_count > 0);
}

static void a_bundle_that_is_missing_is_fetched_elsewhere(void **state)
{
    struct court *court = *state;

    court->desks[0].manner = MANNER_NONE;
    must_assess(&court->desks[0]);
    assert_true(court->desks[1].fetch_count > 0);
}

static void many_open_dockets_do_not_shut_out_another_coordinator(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct message_signed first = make_docket(desk, 1, 2 * AGENT_CLOCK_S_MAX);
    struct digest id;

    assign(desk, &first);
    for (unsigned i = 2; i <= FLOOD; i++) {
        struct message_signed docket = make_docket(desk, i, 2 * AGENT_CLOCK_S_MAX);

        assign(desk, &docket);
    }
    await(court, &desk->verdict_count, FLOOD);
    assert_int_equal(desk->reason, MESSAGE_CLOCK);
    must_assess(&court->desks[1]);
    settle(desk);
    /* What was put away comes back with the verdict it had. */
    unsigned before = desk->verdict_count;

    assign(desk, &first);
    await(court, &desk->verdict_count, before + 1);
    hash_bytes(first.payload, &id);
    assert_true(digest_equal(&desk->docket, &id));
    assert_int_equal(desk->reason, MESSAGE_CLOCK);
}

static void papers_come_only_for_what_was_signed(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct message fetch = {.kind = MESSAGE_FETCH};

    fetch.fetch.item = MESSAGE_ITEM_PAPERS;
    for (uint32_t i = 0; i < 300; i++) {
        fetch.fetch.index = i % MESSAGE_CASES_MAX;
        fetch.fetch.digest.data[0] = (uint8_t)(i / MESSAGE_CASES_MAX);
        send(desk, &fetch);
    }
    await(court, &desk->papers_count, 300);
    assert_int_equal(desk->papers_size, 0);
    must_assess(desk);
    fetch.fetch.digest = desk->docket;
    fetch.fetch.index = 1; /* There is one case. */
    send(desk, &fetch);
    await(court, &desk->papers_count, 301);
    assert_int_equal(desk->papers_size, 0);
    fetch.fetch.index = 0;
    send(desk, &fetch);
    await(court, &desk->papers_count, 302);
    assert_true(desk->papers_size > 1000);
}

static void papers_that_wait_for_a_bundle_do_not_hold_up_a_verdict(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct message fetch = {.kind = MESSAGE_FETCH};

    must_assess(desk);
    fetch.fetch.item = MESSAGE_ITEM_PAPERS;
    fetch.fetch.digest = desk->docket;
    /* Now both are silent: the papers are stuck. */
    desk->manner = MANNER_SILENT;
    court->desks[1].manner = MANNER_SILENT;
    unsigned asked = desk->fetch_count;

    send(desk, &fetch);
    await(court, &desk->fetch_count, asked + 1);
    court->desks[1].manner = MANNER_HONEST;
    uint64_t began_ms = loop_now_ms();

    struct message_signed docket = make_docket(&court->desks[1], 2000, 0);
    unsigned verdicts = court->desks[1].verdict_count;

    assign(&court->desks[1], &docket);
    await(court, &court->desks[1].verdict_count, verdicts + 1);
    assert_true(loop_now_ms() < began_ms + HELD_UP_MS);
    /* And the papers come all the same. */
    unsigned before = desk->papers_count;

    desk->manner = MANNER_HONEST;
    await(court, &desk->papers_count, before + 1);
    assert_true(desk->papers_size > 1000);
}

/* What makes a value: a book of three seats, its proposal, and its QC. */
struct value {
    struct message propose; /* MESSAGE_PROPOSE. */
    struct message certify; /* MESSAGE_CERTIFY. */
};

/* Makes a book of the verdict that DESK got and two others like it, and signs for it as chair. */
static void make_value(struct desk *desk, const struct message_signed *docket, struct value *out)
{
    struct court *court = desk->court;
    struct message_signed *verdicts = arena_array(court->arena, 3, sizeof(*verdicts));
    struct message_verdict like;
    struct message first;
    struct verify_docket checked;
    struct verify_book book;
    struct statement *statement = arena_alloc(court->arena, sizeof(*statement));
    struct report_source source = {
        .roster = &court->roster, .catalog = &court->catalog, .docket = &checked, .book = &book};
    struct message_propose propose = {.roster = court->roster.digest, .view = 1};
    struct buffer payload = {0};
    struct error error;

    require(codec_frame_decode(buffer_bytes(&desk->verdict), court->arena, &first, &error), &error);
    verdicts[0] = first.verdict.verdicts[0];
    require(codec_payload_decode_verdict(verdicts[0].payload, court->arena, &like, &error), &error);
    for (uint8_t i = 1; i < 3; i++) {
        like.seat = i;
        codec_payload_encode_verdict(&like, &payload);
        verdicts[i] = sign(court, court->seats[i], MESSAGE_TYPE_VERDICT, &payload);
    }
    first.verdict.verdict_count = 3;
    first.verdict.verdicts = verdicts;
    require(verify_docket(&court->roster, docket, court->arena, &checked, &error), &error);
    checked.criterion_count = court->catalog.criterion_count;
    require(verify_book(&checked, &first.verdict, court->arena, &book, &error), &error);
    statement_make(&source, 1, statement);
    propose.docket = checked.scope.docket;
    propose.book = book.digest;
    propose.value = statement->value;
    codec_payload_encode_propose(&propose, &payload);
    out->propose = (struct message){.kind = MESSAGE_PROPOSE};
    out->propose.propose.propose = sign(court, desk->keys, MESSAGE_TYPE_PROPOSE, &payload);
    out->propose.propose.book = first.verdict;
}

/* The votes of three seats for what OUT proposes. */
static void certify_value(struct court *court, struct value *out)
{
    struct message_propose propose;
    struct message_vote votes[3];
    struct message_qc qc = {.vote_count = 3, .votes = votes};
    struct buffer payload = {0};
    struct buffer part = {0};
    struct error error;

    require(codec_payload_decode_propose(out->propose.propose.propose.payload, &propose, &error),
            &error);
    struct message_prepare prepare = {
        .roster = propose.roster, .docket = propose.docket, .view = 1, .value = propose.value};

    for (uint8_t i = 0; i < 3; i++) {
        codec_payload_encode_prepare(&prepare, &payload);
        struct message_signed vote =
            sign(court, court->seats[i + 1], MESSAGE_TYPE_PREPARE, &payload);

        qc.payload = vote.payload;
        votes[i].seat = (uint8_t)(i + 1);
        memcpy(votes[i].signature, vote.signature, sizeof(vote.signature));
    }
    codec_part_encode_qc(&qc, &part);
    out->certify = (struct message){.kind = MESSAGE_CERTIFY};
    out->certify.certify = bytes_of(arena_copy(court->arena, part.data, part.size), part.size);
    buffer_finish(&part);
}

static void a_book_that_does_not_check_does_not_stand_in_the_way(void **state)
{
    struct court *court = *state;
    struct desk *desk = &court->desks[0];
    struct message_signed docket = make_docket(desk, 1, 0);
    struct value value;

    assign(desk, &docket);
    await(court, &desk->verdict_count, 1);
    make_value(desk, &docket, &value);
    certify_value(court, &value);
    value.propose.propose.book.verdict_count = 2; /* One is missing. */
    send(desk, &value.propose);
    settle(desk);
    send(desk, &value.certify); /* The others have the whole book. */
    await(court, &desk->value_fetch_count, 1);
    assert_int_equal(desk->commit_count, 0);
    value.propose.propose.book.verdict_count = 3;
    send(desk, &value.propose);
    await(court, &desk->commit_count, 1);
    await(court, &court->desks[1].commit_count, 1);
}

/* True when the agent's log holds WORDS. */
static bool log_has(const struct court *court, const char *words)
{
    static char text[65536];
    char path[PATH_SIZE];
    FILE *file = fopen(path_of(court, "log", path), "r");

    assert_non_null(file);
    size_t size = fread(text, 1, sizeof(text) - 1, file);

    text[size] = '\0';
    (void)fclose(file);
    return strstr(text, words) != NULL;
}

static void a_seat_whose_assessor_does_not_start_does_not_greet(void **state)
{
    struct court *court = *state;
    uint64_t until_ms = loop_now_ms() + PATIENCE_MS;
    struct error error;

    /* Three attempts later the first heartbeats are long past. */
    while (!log_has(court, "trying again in 800 ms")) {
        assert_true(loop_now_ms() < until_ms);
        for (size_t i = 0; i < DESKS; i++) {
            require(loop_turn(court->desks[i].loop, 5, &error), &error);
        }
    }
    assert_int_equal(court->desks[0].hello_count, 0);
    assert_int_equal(court->desks[1].hello_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_verdict_is_sent_to_all_and_never_made_again),
        TEST(what_is_no_message_is_dropped),
        TEST(a_docket_that_is_not_its_homes_is_dropped),
        TEST(parts_that_nobody_asked_for_change_nothing),
        TEST(a_bundle_of_another_size_is_fetched_elsewhere),
        TEST(a_bundle_that_is_another_is_fetched_elsewhere),
        TEST(a_bundle_that_is_missing_is_fetched_elsewhere),
        TEST(many_open_dockets_do_not_shut_out_another_coordinator),
        TEST(papers_come_only_for_what_was_signed),
        TEST(papers_that_wait_for_a_bundle_do_not_hold_up_a_verdict),
        TEST(a_book_that_does_not_check_does_not_stand_in_the_way),
        cmocka_unit_test_setup_teardown(a_seat_whose_assessor_does_not_start_does_not_greet,
                                        set_up_without_rules, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

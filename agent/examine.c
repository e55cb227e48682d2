#include "agent/examine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "base/check.h"
#include "base/encode.h"
#include "base/log.h"
#include "crypto/hash.h"
#include "crypto/seal.h"
#include "evidence/bundle.h"

#define REFETCH_MS   1000 /* A part that did not come is asked for again, */
#define STALL_MS     4000 /* and after so long somebody else is asked. */
#define PATH_SIZE    512
#define HEADER_SIZE  (BUNDLE_HEADER_MAX + 1024) /* Bytes of a bundle read to find its header. */
#define BUNDLE_LIMIT (BUNDLE_CONTENT_MAX + HEADER_SIZE)

enum examine_state {
    EXAMINE_IDLE = 0,
    EXAMINE_FETCHING,
    EXAMINE_FETCHED,
    EXAMINE_ASKED,
};

struct examine {
    struct agent *agent;
    enum examine_state state;
    struct examine_task task;
    int fd; /* Of the bundle; -1 when there is none. */
    char path[PATH_SIZE];
    uint64_t offset;   /* Received so far. */
    struct hash hash;  /* Of that. */
    uint64_t asked_ms; /* Last FETCH. */
    uint64_t moved_ms; /* The source began, or sent its last part. */
    uint8_t source;
};

struct examine *examine_create(struct agent *agent)
{
    struct examine *examine = calloc(1, sizeof(*examine));

    CHECK(examine != NULL);
    examine->agent = agent;
    examine->fd = -1;
    /* One file, emptied after each use: making and removing files costs more than filling them. */
    (void)snprintf(examine->path, sizeof(examine->path), "%s/case.aims", agent->options.spool);
    (void)unlink(examine->path); /* What a crash left behind. */
    return examine;
}

static void forget(struct examine *examine)
{
    if (examine->fd >= 0) {
        if (ftruncate(examine->fd, 0) != 0) {
            log_line(LOG_ERROR, "cannot empty '%s': %s", examine->path, strerror(errno));
        }
        close(examine->fd);
        examine->fd = -1;
    }
    examine->state = EXAMINE_IDLE;
}

void examine_destroy(struct examine *examine)
{
    if (examine != NULL) {
        forget(examine);
        (void)unlink(examine->path);
        free(examine);
    }
}

bool examine_is_idle(const struct examine *examine)
{
    return examine->state == EXAMINE_IDLE;
}

bool examine_is_fetching(const struct examine *examine)
{
    return examine->state == EXAMINE_FETCHING;
}

static void finish(struct examine *examine, const struct assessor_answer *answer)
{
    struct examine_task task = examine->task;

    forget(examine);
    task.done(task.context, answer);
}

static void give_up(struct examine *examine, enum message_reason reason, const char *message)
{
    struct assessor_answer answer = {.reason = reason, .message = message};

    finish(examine, &answer);
}

static void ask_for_part(struct examine *examine)
{
    struct message message = {.kind = MESSAGE_FETCH};

    examine->asked_ms = loop_now_ms();
    message.fetch.item = MESSAGE_ITEM_BUNDLE;
    message.fetch.digest = examine->task.header->bundle;
    message.fetch.offset = examine->offset;
    agent_send(examine->agent, examine->source, &message);
}

/* The next coordinator that is there, or the same when there is no other. */
static uint8_t next_source(const struct examine *examine)
{
    const struct agent *agent = examine->agent;
    uint8_t source = examine->source;

    for (uint8_t i = 0; i < agent->roster.coordinator_count; i++) {
        source = (uint8_t)((source + 1) % agent->roster.coordinator_count);
        if (agent->peers[source].is_up) {
            return source;
        }
    }
    return examine->source;
}

/* From the start, at the next tick, and of somebody else if there is one. */
static void turn_to_another(struct examine *examine)
{
    examine->offset = 0;
    hash_init(&examine->hash);
    examine->moved_ms = loop_now_ms();
    examine->source = next_source(examine);
}

void examine_begin(struct examine *examine, const struct examine_task *task)
{
    CHECK(examine->state == EXAMINE_IDLE);
    examine->task = *task;
    examine->source = task->source;
    examine->offset = 0;
    examine->moved_ms = loop_now_ms();
    hash_init(&examine->hash);
    examine->fd = open(examine->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    examine->state = EXAMINE_FETCHING;
    if (examine->fd < 0) {
        log_line(LOG_ERROR, "cannot make '%s': %s", examine->path, strerror(errno));
    } else {
        ask_for_part(examine);
    }
}

void examine_cancel(struct examine *examine)
{
    bool is_asked = examine->state == EXAMINE_ASKED;

    forget(examine);
    if (is_asked) {
        assessor_cancel(examine->agent->assessor);
    }
}

/* Reads the header of the bundle and finds its key. */
static bool open_header(const struct examine *examine, struct arena *arena,
                        struct assessor_request *request, struct error *error)
{
    const struct agent *agent = examine->agent;
    const struct message_header *header = examine->task.header;
    uint8_t *block = arena_alloc(arena, HEADER_SIZE);
    ssize_t got = pread(examine->fd, block, HEADER_SIZE, 0);
    struct bundle_header found;

    if (got < 0) {
        return error_set(error, ERROR_IO, "cannot read the bundle: %s", strerror(errno));
    }
    if (!bundle_read_header(bytes_of(block, (size_t)got), arena, &found, error)) {
        return false;
    }
    if (!digest_equal(&found.manifest, &header->manifest) ||
        memcmp(found.submitter.signing, header->signing, sizeof(header->signing)) != 0) {
        return error_set(error, ERROR_DENIED, "the bundle is not the one of the case");
    }
    request->is_plain = found.is_plain;
    if (found.is_plain) {
        return true;
    }
    if (!digest_equal(&found.roster, &agent->roster.digest)) {
        return error_set(error, ERROR_DENIED, "the bundle is sealed for another roster");
    }
    return bundle_unseal(&found, agent->options.seat, agent->keys, request->key, error);
}

/* The bundle is there: gives it to the assessor as soon as that can take it. */
static void ask_if_ready(struct examine *examine)
{
    struct assessor_request request = {
        .bundle = examine->path,
        .case_id = examine->task.case_id,
        .docket = examine->task.docket,
        .seat = examine->agent->options.seat,
        .wants_papers = examine->task.wants_papers,
    };
    struct error error;

    if (examine->state != EXAMINE_FETCHED || !assessor_is_ready(examine->agent->assessor)) {
        return;
    }
    struct arena *arena = arena_create(4 * HEADER_SIZE);

    if (open_header(examine, arena, &request, &error)) {
        examine->state = EXAMINE_ASKED;
        assessor_ask(examine->agent->assessor, &request);
    } else {
        give_up(examine, MESSAGE_BAD_BUNDLE, error.message);
    }
    arena_destroy(arena);
    seal_wipe(request.key, sizeof(request.key));
}

/* The last part is there. */
static void check_file(struct examine *examine)
{
    struct digest digest;

    hash_finish(&examine->hash, &digest);
    if (digest_equal(&digest, &examine->task.header->bundle)) {
        examine->state = EXAMINE_FETCHED;
        ask_if_ready(examine);
    } else {
        log_line(LOG_WARNING, "coordinator %u sent another bundle than the one of the case",
                 examine->source);
        turn_to_another(examine);
    }
}

void examine_item(struct examine *examine, uint8_t coordinator, const struct message *message)
{
    struct bytes data = message->item.data;

    if (examine->state != EXAMINE_FETCHING || coordinator != examine->source) {
        return; /* Late, or not asked for. */
    }
    uint64_t size = examine->task.header->bundle_size;

    if (!digest_equal(&message->item.digest, &examine->task.header->bundle) ||
        message->item.offset != examine->offset) {
        return; /* Late, or asked for twice. */
    }
    if (message->item.total_size != size || size > BUNDLE_LIMIT || data.size == 0 ||
        data.size > size - examine->offset) {
        turn_to_another(examine); /* It has no such bundle. */
        return;
    }
    if (pwrite(examine->fd, data.data, data.size, (off_t)examine->offset) != (ssize_t)data.size) {
        give_up(examine, MESSAGE_NO_BUNDLE, "its bundle could not be kept");
        return;
    }
    hash_update(&examine->hash, data);
    examine->offset += data.size;
    examine->moved_ms = loop_now_ms();
    if (examine->offset < size) {
        ask_for_part(examine);
    } else {
        check_file(examine);
    }
}

void examine_tick(struct examine *examine)
{
    uint64_t now_ms = loop_now_ms();

    if (examine->state == EXAMINE_IDLE) {
        return;
    }
    if (now_ms >= examine->task.until_ms) {
        if (examine->state == EXAMINE_ASKED) {
            assessor_cancel(examine->agent->assessor);
        }
        if (examine->state == EXAMINE_FETCHING) {
            give_up(examine, MESSAGE_NO_BUNDLE, "its bundle did not come, or cannot be kept");
        } else {
            give_up(examine, MESSAGE_TOO_LATE, "the assessor took too long");
        }
    } else if (examine->state == EXAMINE_FETCHING && examine->fd >= 0 &&
               now_ms >= examine->asked_ms + REFETCH_MS) {
        bool is_stuck =
            !examine->agent->peers[examine->source].is_up || now_ms >= examine->moved_ms + STALL_MS;

        if (is_stuck && next_source(examine) != examine->source) {
            turn_to_another(examine);
        }
        ask_for_part(examine);
    }
}

void examine_ready(struct examine *examine)
{
    ask_if_ready(examine);
}

void examine_answer(struct examine *examine, const struct assessor_answer *answer)
{
    CHECK(examine->state == EXAMINE_ASKED);
    finish(examine, answer);
}

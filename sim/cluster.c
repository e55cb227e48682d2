#include "sim/cluster.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "sim/queue.h"

#define FAILURE_SIZE 256
#define COMPUTE_MS   1   /* Virtual time of recomputing a value. */
#define LIES_MAX     200 /* Messages of a faulty chair about one value. */

struct node {
    bool is_up;
    uint32_t life; /* Counts restarts. */
    uint32_t actions;
    uint32_t crash_at; /* Carries out so many actions in all; CLUSTER_NO_CRASH normally. */
    uint32_t down_ms;
    uint32_t timer; /* The latest one set. */
    uint64_t cut_from_ms;
    uint64_t cut_until_ms;
    struct random random;
    /* What its key has signed: a register, so that nothing can be forged. */
    struct seat_vote prepares[CLUSTER_VOTES_MAX];
    struct seat_vote commits[CLUSTER_VOTES_MAX];
    uint32_t prepare_count;
    uint32_t commit_count;
    /* Its disk. */
    struct seat_record disk;
    struct seat seat;
};

/* A proposal somebody made: what D stands for. */
struct proposal {
    struct digest value;
    struct digest book;
    struct seat_set verdicts;
    uint32_t lie_count; /* Messages a faulty chair has sent about it. */
};

struct cluster {
    struct cluster_options options;
    struct quorum quorum;
    uint64_t now_ms;
    struct queue queue;
    struct node nodes[QUORUM_SEATS_MAX + 1]; /* The chair is nodes[seat_count]. */
    struct chair chair;
    struct chair_record chair_disk;
    struct seat_set chair_seats; /* Of the certificate on the chair's disk. */
    struct proposal proposals[CLUSTER_VALUES_MAX];
    uint32_t proposal_count;
    struct digest certified; /* The first value certified anywhere. */
    uint8_t certificate_count;
    uint64_t decided_ms;
    uint64_t delivered_count;
    uint64_t hash;
    struct seat_set accused;
    struct buffer trace;
    char failure[FAILURE_SIZE];
};

static uint8_t chair_node(const struct cluster *cluster)
{
    return cluster->options.seat_count;
}

static bool is_faulty(const struct cluster *cluster, uint8_t node)
{
    if (node == chair_node(cluster)) {
        return cluster->options.chair_strategy != CLUSTER_CHAIR_HONEST;
    }
    return node >= cluster->options.seat_count - cluster->options.faulty_count;
}

static bool is_honest_seat(const struct cluster *cluster, uint8_t node)
{
    return node < cluster->options.seat_count && !is_faulty(cluster, node);
}

static void fail(struct cluster *cluster, uint8_t node, const char *what)
{
    if (cluster->failure[0] == '\0') {
        (void)snprintf(cluster->failure, sizeof(cluster->failure),
                       "seed %" PRIu64 " at %" PRIu64 " ms, node %u: %s", cluster->options.seed,
                       cluster->now_ms, node, what);
    }
}

/* Every event and action goes into the hash, whether it is written out or not. */
static void trace_item(struct cluster *cluster, bool is_event, uint8_t node, const char *what,
                       const struct seat_vote *vote)
{
    uint64_t mixed = cluster->hash ^ (cluster->now_ms << 8) ^ node ^ (is_event ? 1U << 31 : 0);

    for (const char *c = what; *c != '\0'; c++) {
        mixed = (mixed ^ (uint8_t)*c) * UINT64_C(0x100000001B3); /* FNV-1a's prime. */
    }
    mixed ^= (uint64_t)vote->view << 32 ^ vote->value.data[0] ^ (uint64_t)vote->value.data[1] << 8;
    cluster->hash = random_next(&(struct random){.state = mixed});
    if (!cluster->options.is_traced) {
        return;
    }
    if (is_event) {
        buffer_format(&cluster->trace, "[%4" PRIu64 "] ", cluster->now_ms);
    } else {
        buffer_append_text(&cluster->trace, "       ");
    }
    if (node == chair_node(cluster)) {
        buffer_append_text(&cluster->trace, "chair ");
    } else {
        buffer_format(&cluster->trace, "seat %u ", node);
    }
    buffer_format(&cluster->trace, "%c %s", is_event ? '<' : '>', what);
    if (vote->view != 0) {
        buffer_format(&cluster->trace, " v%u %02x%02x", vote->view, vote->value.data[0],
                      vote->value.data[1]);
    }
    buffer_append_byte(&cluster->trace, '\n');
}

/* Stands for SHA-256 over WORDS: spreads, and is the same everywhere. */
static struct digest mix(const uint64_t *words, size_t count)
{
    struct random random = {.state = UINT64_C(0x243F6A8885A308D3)};
    struct digest out;

    for (size_t i = 0; i < count; i++) {
        random.state = random_next(&random) ^ words[i];
    }
    for (size_t i = 0; i < DIGEST_SIZE; i += 8) {
        uint64_t word = random_next(&random);

        for (size_t byte = 0; byte < 8; byte++) {
            out.data[i + byte] = (uint8_t)(word >> (8 * byte));
        }
    }
    return out;
}

static struct digest verdict_digest(const struct cluster *cluster, uint8_t seat, uint64_t variant)
{
    const uint64_t words[] = {cluster->options.seed, 1, seat, variant};

    return mix(words, 4);
}

/* Registers the proposal of a book of SEATS; VARIANT tells a liar's from an honest one. */
static struct proposal *propose_book(struct cluster *cluster, struct seat_set seats,
                                     uint64_t variant)
{
    const uint64_t words[] = {cluster->options.seed, 2, seats.words[0], seats.words[1], variant};
    struct proposal proposal = {.book = mix(words, 5), .verdicts = seats};
    const uint64_t more[] = {cluster->options.seed, 3, proposal.book.data[0],
                             seats.words[0] ^ variant << 40, seats.words[1]};

    proposal.value = mix(more, 5);
    for (uint32_t i = 0; i < cluster->proposal_count; i++) {
        if (digest_equal(&cluster->proposals[i].value, &proposal.value)) {
            return &cluster->proposals[i];
        }
    }
    CHECK(cluster->proposal_count < CLUSTER_VALUES_MAX);
    cluster->proposals[cluster->proposal_count] = proposal;
    return &cluster->proposals[cluster->proposal_count++];
}

static const struct proposal *find_proposal(const struct cluster *cluster,
                                            const struct digest *value)
{
    for (uint32_t i = 0; i < cluster->proposal_count; i++) {
        if (digest_equal(&cluster->proposals[i].value, value)) {
            return &cluster->proposals[i];
        }
    }
    return NULL;
}

static bool is_cut(const struct cluster *cluster, uint8_t node)
{
    const struct node *n = &cluster->nodes[node];

    return cluster->now_ms >= n->cut_from_ms && cluster->now_ms < n->cut_until_ms;
}

static void plan(struct cluster *cluster, uint8_t node, uint64_t delay_ms, struct queue_item item)
{
    item.due_ms = cluster->now_ms + delay_ms;
    item.from = node;
    item.to = node;
    item.life = cluster->nodes[node].life;
    queue_put(&cluster->queue, &item);
}

static void transmit(struct cluster *cluster, struct queue_item item)
{
    struct random *random = &cluster->nodes[item.from].random;
    uint32_t copies = random_happens(random, cluster->options.duplicate_percent) ? 2 : 1;
    bool is_lost = random_happens(random, cluster->options.loss_percent);

    if (is_lost || is_cut(cluster, item.from) || is_cut(cluster, item.to)) {
        return;
    }
    for (uint32_t copy = 0; copy < copies; copy++) {
        uint32_t spread = cluster->options.delay_ms_max - cluster->options.delay_ms_min;
        uint32_t extra = random_below(random, spread + 1);

        item.due_ms = cluster->now_ms + cluster->options.delay_ms_min + extra;
        queue_put(&cluster->queue, &item);
    }
}

static void note_signature(struct cluster *cluster, uint8_t node, bool is_commit,
                           const struct seat_vote *vote)
{
    struct node *n = &cluster->nodes[node];
    struct seat_vote *votes = is_commit ? n->commits : n->prepares;
    uint32_t *count = is_commit ? &n->commit_count : &n->prepare_count;

    for (uint32_t i = 0; i < *count; i++) {
        if (votes[i].view != vote->view) {
            continue;
        }
        if (digest_equal(&votes[i].value, &vote->value)) {
            return;
        }
        if (!is_faulty(cluster, node)) {
            fail(cluster, node, "an honest key signed two values in one view");
        }
    }
    CHECK(*count < CLUSTER_VOTES_MAX);
    votes[(*count)++] = *vote;
}

/* Faulty seats lend their signatures to anything. */
static bool has_signed(const struct cluster *cluster, uint8_t seat, bool is_commit,
                       const struct seat_vote *vote)
{
    const struct node *n = &cluster->nodes[seat];
    const struct seat_vote *votes = is_commit ? n->commits : n->prepares;
    uint32_t count = is_commit ? n->commit_count : n->prepare_count;

    for (uint32_t i = 0; i < count; i++) {
        if (votes[i].view == vote->view && digest_equal(&votes[i].value, &vote->value)) {
            return true;
        }
    }
    return is_faulty(cluster, seat);
}

static struct seat_set signers_of(const struct cluster *cluster, bool is_commit,
                                  const struct seat_vote *vote)
{
    struct seat_set signers = {{0, 0}};

    for (uint8_t seat = 0; seat < cluster->options.seat_count; seat++) {
        const struct node *n = &cluster->nodes[seat];
        uint32_t count = is_commit ? n->commit_count : n->prepare_count;

        if ((count > 0 || is_faulty(cluster, seat)) && has_signed(cluster, seat, is_commit, vote)) {
            seat_set_add(&signers, seat);
        }
    }
    return signers;
}

static bool signatures_hold(const struct cluster *cluster, const struct queue_item *item)
{
    for (uint8_t seat = 0; seat < cluster->options.seat_count; seat++) {
        if (seat_set_has(&item->signers, seat) &&
            !has_signed(cluster, seat, item->kind == QUEUE_DECIDE, &item->vote)) {
            return false;
        }
    }
    return true;
}

static void note_certificate(struct cluster *cluster, uint8_t node, const struct digest *value)
{
    if (cluster->certificate_count == 0) {
        cluster->certified = *value;
        cluster->certificate_count = 1;
    } else if (!digest_equal(&cluster->certified, value)) {
        cluster->certificate_count = 2;
        fail(cluster, node, "two certificates with different values");
    }
}

static void crash(struct cluster *cluster, uint8_t node)
{
    struct node *n = &cluster->nodes[node];

    trace_item(cluster, false, node, "crash", &(struct seat_vote){0});
    n->is_up = false;
    n->life++;
    n->crash_at = CLUSTER_NO_CRASH;
    if (n->down_ms != 0) {
        plan(cluster, node, n->down_ms, (struct queue_item){.kind = QUEUE_RESTART});
    }
}

/* Counts an action of NODE; false when it crashes instead of carrying it out. */
static bool may_act(struct cluster *cluster, uint8_t node)
{
    struct node *n = &cluster->nodes[node];

    if (n->actions >= n->crash_at) {
        crash(cluster, node);
        return false;
    }
    n->actions++;
    return true;
}

/* ---- seats ---- */

static void send_to_chair(struct cluster *cluster, uint8_t seat, enum queue_kind kind,
                          const struct seat_vote *vote, struct digest digest)
{
    struct queue_item item = {
        .kind = kind, .from = seat, .to = chair_node(cluster), .vote = *vote, .digest = digest};

    transmit(cluster, item);
}

static void persist(struct cluster *cluster, uint8_t seat, const struct seat_action *action)
{
    struct seat_record *disk = &cluster->nodes[seat].disk;

    switch (action->type) {
    case SEAT_ACTION_PERSIST_VERDICT:
        disk->has_verdict = true;
        break;
    case SEAT_ACTION_PERSIST_PREPARE:
        disk->prepared = action->vote;
        note_signature(cluster, seat, false, &action->vote);
        break;
    case SEAT_ACTION_PERSIST_LOCK:
        disk->lock = action->vote;
        note_signature(cluster, seat, true, &action->vote);
        break;
    case SEAT_ACTION_PERSIST_CERTIFICATE:
        disk->is_decided = true;
        disk->decided = action->vote.value;
        note_certificate(cluster, seat, &action->vote.value);
        break;
    case SEAT_ACTION_ASSESS:
    case SEAT_ACTION_SEND_VERDICT:
    case SEAT_ACTION_COMPUTE:
    case SEAT_ACTION_SEND_PREPARE:
    case SEAT_ACTION_SEND_COMMIT:
    case SEAT_ACTION_SEND_DONE:
    case SEAT_ACTION_SEND_DECIDE:
    case SEAT_ACTION_REPORT_PROPOSAL:
    case SEAT_ACTION_REPORT_CONFLICT:
    default:
        CHECK_UNREACHABLE();
    }
}

/* What is about to be sent must be on the disk. */
static void check_durable(struct cluster *cluster, uint8_t seat, const struct seat_action *action)
{
    const struct seat_record *disk = &cluster->nodes[seat].disk;
    bool is_durable = true;

    if (action->type == SEAT_ACTION_SEND_VERDICT) {
        is_durable = disk->has_verdict;
    } else if (action->type == SEAT_ACTION_SEND_PREPARE) {
        is_durable = disk->prepared.view == action->vote.view &&
                     digest_equal(&disk->prepared.value, &action->vote.value);
    } else if (action->type == SEAT_ACTION_SEND_COMMIT) {
        is_durable = disk->lock.view == action->vote.view &&
                     digest_equal(&disk->lock.value, &action->vote.value);
    } else if (action->type == SEAT_ACTION_SEND_DONE || action->type == SEAT_ACTION_SEND_DECIDE) {
        is_durable = disk->is_decided;
    }
    if (!is_durable) {
        fail(cluster, seat, "something was sent before it was durable");
    }
}

static void plan_compute(struct cluster *cluster, uint8_t seat, const struct seat_vote *vote)
{
    const struct proposal *proposal = find_proposal(cluster, &vote->value);
    bool is_valid =
        proposal != NULL && seat_set_count(&proposal->verdicts) >= cluster->quorum.quorum_count;

    plan(cluster, seat, COMPUTE_MS,
         (struct queue_item){.kind = QUEUE_COMPUTED, .vote = *vote, .is_valid = is_valid});
}

static void plan_assessment(struct cluster *cluster, uint8_t seat)
{
    uint32_t spread = cluster->options.assess_ms_max - cluster->options.assess_ms_min;
    uint32_t extra = random_below(&cluster->nodes[seat].random, spread + 1);

    plan(cluster, seat, cluster->options.assess_ms_min + extra,
         (struct queue_item){.kind = QUEUE_ASSESSED});
}

static void send_decide(struct cluster *cluster, uint8_t from, uint8_t to,
                        const struct digest *value)
{
    struct queue_item item = {.kind = QUEUE_DECIDE, .from = from, .to = to};

    item.vote = (struct seat_vote){.view = 1, .value = *value};
    item.signers = signers_of(cluster, true, &item.vote);
    transmit(cluster, item);
}

static void perform_seat(struct cluster *cluster, uint8_t seat, const struct seat_action *action)
{
    static const char *const names[] = {
        [SEAT_ACTION_ASSESS] = "assess",
        [SEAT_ACTION_PERSIST_VERDICT] = "persist verdict",
        [SEAT_ACTION_SEND_VERDICT] = "VERDICT",
        [SEAT_ACTION_COMPUTE] = "compute",
        [SEAT_ACTION_PERSIST_PREPARE] = "persist prepare",
        [SEAT_ACTION_SEND_PREPARE] = "PREPARE",
        [SEAT_ACTION_PERSIST_LOCK] = "persist lock",
        [SEAT_ACTION_SEND_COMMIT] = "COMMIT",
        [SEAT_ACTION_PERSIST_CERTIFICATE] = "persist certificate",
        [SEAT_ACTION_SEND_DONE] = "DONE",
        [SEAT_ACTION_SEND_DECIDE] = "DECIDE",
        [SEAT_ACTION_REPORT_PROPOSAL] = "report proposal",
        [SEAT_ACTION_REPORT_CONFLICT] = "report conflict",
    };
    static const struct digest none = {{0}};

    trace_item(cluster, false, seat, names[action->type], &action->vote);
    check_durable(cluster, seat, action);
    switch (action->type) {
    case SEAT_ACTION_ASSESS:
        plan_assessment(cluster, seat);
        break;
    case SEAT_ACTION_COMPUTE:
        plan_compute(cluster, seat, &action->vote);
        break;
    case SEAT_ACTION_SEND_VERDICT:
        send_to_chair(cluster, seat, QUEUE_VERDICT, &action->vote,
                      verdict_digest(cluster, seat, 0));
        break;
    case SEAT_ACTION_SEND_PREPARE:
        send_to_chair(cluster, seat, QUEUE_PREPARE, &action->vote, none);
        break;
    case SEAT_ACTION_SEND_COMMIT:
        send_to_chair(cluster, seat, QUEUE_COMMIT, &action->vote, none);
        break;
    case SEAT_ACTION_SEND_DONE:
        send_to_chair(cluster, seat, QUEUE_DONE, &action->vote, none);
        break;
    case SEAT_ACTION_SEND_DECIDE:
        send_decide(cluster, seat, chair_node(cluster), &cluster->nodes[seat].disk.decided);
        break;
    case SEAT_ACTION_PERSIST_VERDICT:
    case SEAT_ACTION_PERSIST_PREPARE:
    case SEAT_ACTION_PERSIST_LOCK:
    case SEAT_ACTION_PERSIST_CERTIFICATE:
        persist(cluster, seat, action);
        break;
    case SEAT_ACTION_REPORT_PROPOSAL:
    case SEAT_ACTION_REPORT_CONFLICT:
        if (!is_faulty(cluster, chair_node(cluster))) {
            fail(cluster, seat, "an honest chair was accused");
        }
        break;
    default:
        CHECK_UNREACHABLE();
    }
}

static void feed_seat(struct cluster *cluster, uint8_t seat, const struct seat_event *event)
{
    struct seat_actions actions;

    seat_step(&cluster->nodes[seat].seat, event, &actions);
    for (uint32_t i = 0; i < actions.count; i++) {
        if (!may_act(cluster, seat)) {
            return;
        }
        perform_seat(cluster, seat, &actions.items[i]);
    }
}

static void start_seat(struct cluster *cluster, uint8_t seat)
{
    struct node *n = &cluster->nodes[seat];
    struct seat_config config = {.quorum = cluster->quorum, .self = seat};
    struct queue_item up = {.kind = QUEUE_SEAT_UP, .from = seat, .to = chair_node(cluster)};

    n->is_up = true;
    seat_init(&n->seat, &config, &n->disk);
    if (cluster->nodes[chair_node(cluster)].is_up) {
        up.due_ms = cluster->now_ms;
        queue_put(&cluster->queue, &up);
    }
}

/* ---- the chair ---- */

static void feed_chair(struct cluster *cluster, const struct chair_event *event);

static void send_to_seats(struct cluster *cluster, struct seat_set seats, struct queue_item item)
{
    item.from = chair_node(cluster);
    for (uint8_t seat = 0; seat < cluster->options.seat_count; seat++) {
        if (seat_set_has(&seats, seat)) {
            item.to = seat;
            transmit(cluster, item);
        }
    }
}

/* The two-faced chair shows every other seat a second value, and drops one seat's verdict for
 * it. */
static void send_proposals(struct cluster *cluster, const struct chair_action *action)
{
    struct queue_item item = {.kind = QUEUE_PROPOSE, .vote = action->vote};
    struct queue_item other = item;
    struct seat_set first = action->seats;
    struct seat_set second = {{0, 0}};

    item.digest = cluster->chair.book;
    if (cluster->options.chair_strategy == CLUSTER_CHAIR_TWO_FACED) {
        struct proposal *lie =
            propose_book(cluster, find_proposal(cluster, &action->vote.value)->verdicts, 1);

        for (uint8_t seat = 0; seat < cluster->options.seat_count; seat += 2) {
            if (seat_set_has(&first, seat)) {
                seat_set_remove(&first, seat);
                seat_set_add(&second, seat);
            }
        }
        other.vote.value = lie->value;
        other.digest = lie->book;
        send_to_seats(cluster, second, other);
    }
    send_to_seats(cluster, first, item);
}

/* A faulty chair certifies whatever has its signatures. */
static void certify_lies(struct cluster *cluster)
{
    static const struct seat_set nobody = {{0, 0}};

    for (uint32_t i = 0; i < cluster->proposal_count; i++) {
        struct queue_item item = {.vote = {.view = 1, .value = cluster->proposals[i].value}};
        struct seat_set all = seat_set_others(&nobody, cluster->options.seat_count);

        item.kind = QUEUE_CERTIFY;
        item.signers = signers_of(cluster, false, &item.vote);
        if (seat_set_count(&item.signers) >= cluster->quorum.quorum_count &&
            cluster->proposals[i].lie_count++ < LIES_MAX) {
            send_to_seats(cluster, all, item);
        }
        item.kind = QUEUE_DECIDE;
        item.signers = signers_of(cluster, true, &item.vote);
        if (seat_set_count(&item.signers) >= cluster->quorum.quorum_count &&
            cluster->proposals[i].lie_count++ < LIES_MAX) {
            send_to_seats(cluster, all, item);
        }
    }
}

static void persist_certificate(struct cluster *cluster, const struct chair_action *action)
{
    cluster->chair_disk.is_decided = true;
    cluster->chair_disk.proposed = action->vote;
    cluster->chair_seats = action->seats;
    cluster->decided_ms = cluster->now_ms;
    note_certificate(cluster, chair_node(cluster), &action->vote.value);
    for (uint8_t seat = 0; seat < cluster->options.seat_count; seat++) {
        if (seat_set_has(&action->seats, seat) && !has_signed(cluster, seat, true, &action->vote)) {
            fail(cluster, chair_node(cluster), "a certificate holds a signature nobody made");
        }
    }
    if (seat_set_count(&action->seats) < cluster->quorum.quorum_count) {
        fail(cluster, chair_node(cluster), "a certificate has fewer than q signatures");
    }
}

static void compute(struct cluster *cluster, const struct chair_action *action)
{
    struct seat_set seats = action->seats;

    if (cluster->options.chair_strategy == CLUSTER_CHAIR_SHORT_BOOK) {
        for (uint8_t seat = 0; seat_set_count(&seats) >= cluster->quorum.quorum_count; seat++) {
            seat_set_remove(&seats, seat);
        }
    }
    struct proposal *proposal = propose_book(cluster, seats, 0);
    struct queue_item item = {.kind = QUEUE_COMPUTED, .digest = proposal->book};

    item.vote.value = proposal->value;
    plan(cluster, chair_node(cluster), COMPUTE_MS, item);
}

static void report(struct cluster *cluster, const struct chair_action *action)
{
    for (uint8_t seat = 0; seat < cluster->options.seat_count; seat++) {
        if (seat_set_has(&action->seats, seat)) {
            seat_set_add(&cluster->accused, seat);
            if (is_honest_seat(cluster, seat)) {
                fail(cluster, seat, "an honest seat was accused");
            }
        }
    }
}

static void send_certificate(struct cluster *cluster, const struct chair_action *action)
{
    struct queue_item item = {.kind = QUEUE_DECIDE, .vote = action->vote};

    if (!cluster->chair_disk.is_decided) {
        fail(cluster, chair_node(cluster), "a certificate was sent before it was durable");
    }
    item.signers = cluster->chair_seats;
    send_to_seats(cluster, action->seats, item);
}

static void set_timer(struct cluster *cluster, uint64_t deadline_ms)
{
    uint8_t self = chair_node(cluster);
    uint64_t delay_ms = deadline_ms > cluster->now_ms ? deadline_ms - cluster->now_ms : 0;
    struct queue_item item = {.kind = QUEUE_TIMER, .timer = ++cluster->nodes[self].timer};

    plan(cluster, self, delay_ms, item);
}

static void perform_chair(struct cluster *cluster, const struct chair_action *action)
{
    static const char *const names[] = {
        [CHAIR_ACTION_SEND_ASSIGN] = "ASSIGN",
        [CHAIR_ACTION_COMPUTE] = "compute",
        [CHAIR_ACTION_PERSIST_PROPOSAL] = "persist proposal",
        [CHAIR_ACTION_SEND_PROPOSE] = "PROPOSE",
        [CHAIR_ACTION_SEND_CERTIFY] = "CERTIFY",
        [CHAIR_ACTION_PERSIST_CERTIFICATE] = "persist certificate",
        [CHAIR_ACTION_SEND_DECIDE] = "DECIDE",
        [CHAIR_ACTION_SET_TIMER] = "timer",
        [CHAIR_ACTION_REPORT_MISCONDUCT] = "report misconduct",
    };
    uint8_t self = chair_node(cluster);
    struct queue_item item = {.vote = action->vote};

    trace_item(cluster, false, self, names[action->type], &action->vote);
    switch (action->type) {
    case CHAIR_ACTION_SEND_ASSIGN:
        item.kind = QUEUE_ASSIGN;
        send_to_seats(cluster, action->seats, item);
        break;
    case CHAIR_ACTION_COMPUTE:
        compute(cluster, action);
        break;
    case CHAIR_ACTION_PERSIST_PROPOSAL:
        cluster->chair_disk.proposed = action->vote;
        cluster->chair_disk.book = cluster->chair.book;
        break;
    case CHAIR_ACTION_SEND_PROPOSE:
        if (cluster->chair_disk.proposed.view == 0) {
            fail(cluster, self, "a proposal was sent before it was durable");
        }
        send_proposals(cluster, action);
        break;
    case CHAIR_ACTION_SEND_CERTIFY:
        item.kind = QUEUE_CERTIFY;
        item.signers = cluster->chair.prepared;
        send_to_seats(cluster, action->seats, item);
        break;
    case CHAIR_ACTION_PERSIST_CERTIFICATE:
        persist_certificate(cluster, action);
        break;
    case CHAIR_ACTION_SEND_DECIDE:
        send_certificate(cluster, action);
        break;
    case CHAIR_ACTION_SET_TIMER:
        set_timer(cluster, action->deadline_ms);
        break;
    case CHAIR_ACTION_REPORT_MISCONDUCT:
        report(cluster, action);
        break;
    default:
        CHECK_UNREACHABLE();
    }
}

static void feed_chair(struct cluster *cluster, const struct chair_event *event)
{
    struct chair_actions actions;

    chair_step(&cluster->chair, event, &actions);
    for (uint32_t i = 0; i < actions.count; i++) {
        if (!may_act(cluster, chair_node(cluster))) {
            return;
        }
        perform_chair(cluster, &actions.items[i]);
    }
    if (cluster->options.chair_strategy == CLUSTER_CHAIR_TWO_FACED) {
        certify_lies(cluster);
    }
}

static void start_chair(struct cluster *cluster)
{
    struct chair_config config = {.quorum = cluster->quorum,
                                  .settle_ms = 50,
                                  .hear_ms_min = 250,
                                  .assess_ms = 30000,
                                  .repeat_ms = 1000,
                                  .repeat_ms_max = 8000};
    struct chair_event open = {.type = CHAIR_EVENT_OPEN, .now_ms = cluster->now_ms};

    cluster->nodes[chair_node(cluster)].is_up = true;
    chair_init(&cluster->chair, &config, &cluster->chair_disk);
    feed_chair(cluster, &open);
    for (uint8_t seat = 0; seat < cluster->options.seat_count; seat++) {
        struct chair_event up = {
            .type = CHAIR_EVENT_SEAT_UP, .now_ms = cluster->now_ms, .seat = seat};

        if (cluster->nodes[seat].is_up && cluster->nodes[chair_node(cluster)].is_up) {
            feed_chair(cluster, &up);
        }
    }
}

/* ---- what faulty seats do instead ---- */

static void sign_and_send(struct cluster *cluster, uint8_t seat, enum queue_kind kind,
                          struct seat_vote vote)
{
    static const struct digest none = {{0}};

    note_signature(cluster, seat, kind == QUEUE_COMMIT, &vote);
    send_to_chair(cluster, seat, kind, &vote, none);
}

static void act_equivocate(struct cluster *cluster, const struct queue_item *item)
{
    uint8_t seat = item->to;
    static const struct seat_vote no_vote = {0};

    if (item->kind == QUEUE_ASSIGN) {
        send_to_chair(cluster, seat, QUEUE_VERDICT, &no_vote, verdict_digest(cluster, seat, 0));
        send_to_chair(cluster, seat, QUEUE_VERDICT, &no_vote, verdict_digest(cluster, seat, 1));
    } else if (item->kind == QUEUE_PROPOSE || item->kind == QUEUE_CERTIFY) {
        for (uint32_t i = 0; i < cluster->proposal_count; i++) {
            struct seat_vote vote = {.view = 1, .value = cluster->proposals[i].value};

            sign_and_send(cluster, seat, QUEUE_PREPARE, vote);
            sign_and_send(cluster, seat, QUEUE_COMMIT, vote);
        }
    }
}

static void act_noisy(struct cluster *cluster, const struct queue_item *item)
{
    uint8_t seat = item->to;
    struct random *random = &cluster->nodes[seat].random;
    uint32_t what = random_below(random, 6);
    struct seat_vote vote = item->vote;

    if (cluster->nodes[seat].commit_count + 2 >= CLUSTER_VOTES_MAX ||
        cluster->nodes[seat].prepare_count + 2 >= CLUSTER_VOTES_MAX) {
        return;
    }
    if (what == 0) {
        const uint64_t words[] = {random_next(random)};

        vote = (struct seat_vote){.view = 1, .value = mix(words, 1)};
    } else if (what == 1) {
        vote.view = 1 + random_below(random, 3);
    }
    if (vote.view == 0) {
        send_to_chair(cluster, seat, QUEUE_VERDICT, &vote,
                      verdict_digest(cluster, seat, random_below(random, 3)));
    } else if (what == 5) {
        send_to_chair(cluster, seat, QUEUE_DONE, &vote, item->digest);
    } else {
        sign_and_send(cluster, seat, what % 2 == 0 ? QUEUE_PREPARE : QUEUE_COMMIT, vote);
    }
}

static void act_faulty(struct cluster *cluster, const struct queue_item *item)
{
    switch (cluster->options.strategy) {
    case CLUSTER_HONEST:
    case CLUSTER_SILENT:
        break;
    case CLUSTER_EQUIVOCATE:
        act_equivocate(cluster, item);
        break;
    case CLUSTER_NOISY:
        act_noisy(cluster, item);
        break;
    default:
        CHECK_UNREACHABLE();
    }
}

/* ---- delivery ---- */

static const char *kind_name(enum queue_kind kind)
{
    static const char *const names[] = {
        [QUEUE_ASSIGN] = "ASSIGN",     [QUEUE_VERDICT] = "VERDICT", [QUEUE_PROPOSE] = "PROPOSE",
        [QUEUE_PREPARE] = "PREPARE",   [QUEUE_CERTIFY] = "CERTIFY", [QUEUE_COMMIT] = "COMMIT",
        [QUEUE_DECIDE] = "DECIDE",     [QUEUE_DONE] = "DONE",       [QUEUE_ASSESSED] = "assessed",
        [QUEUE_COMPUTED] = "computed", [QUEUE_TIMER] = "timer",     [QUEUE_SEAT_UP] = "up",
        [QUEUE_RESTART] = "restart",
    };

    return names[kind];
}

static void deliver_to_seat(struct cluster *cluster, const struct queue_item *item)
{
    struct seat_event event = {0};

    if (is_faulty(cluster, item->to)) {
        act_faulty(cluster, item);
        return;
    }
    if (item->kind == QUEUE_ASSIGN) {
        event.type = SEAT_EVENT_ASSIGN;
    } else if (item->kind == QUEUE_ASSESSED) {
        event.type = SEAT_EVENT_ASSESSED;
    } else if (item->kind == QUEUE_PROPOSE) {
        event.type = SEAT_EVENT_PROPOSE;
        event.propose.vote = item->vote;
        event.propose.book = item->digest;
        event.propose.is_from_chair = true;
    } else if (item->kind == QUEUE_COMPUTED) {
        event.type = SEAT_EVENT_COMPUTED;
        event.computed.value = item->vote.value;
        event.computed.is_valid = item->is_valid;
    } else {
        CHECK(item->kind == QUEUE_CERTIFY || item->kind == QUEUE_DECIDE);
        if (!signatures_hold(cluster, item)) {
            return;
        }
        event.type = item->kind == QUEUE_CERTIFY ? SEAT_EVENT_CERTIFY : SEAT_EVENT_DECIDE;
        event.certify.vote = item->vote;
        event.certify.signers = item->signers;
    }
    feed_seat(cluster, item->to, &event);
}

/* Honest answers count when they are alike; the sim's criterion is "q alike have been heard". */
static bool is_settled(const struct cluster *cluster, uint8_t seat)
{
    uint8_t alike = 0;

    for (uint8_t other = 0; other < cluster->options.seat_count; other++) {
        bool is_heard = other == seat || seat_set_has(&cluster->chair.heard, other);

        if (is_heard && is_honest_seat(cluster, other) &&
            other >= cluster->options.dissenter_count) {
            alike++;
        }
    }
    return alike >= cluster->quorum.quorum_count;
}

static void deliver_to_chair(struct cluster *cluster, const struct queue_item *item)
{
    struct chair_event event = {.now_ms = cluster->now_ms};

    event.seat = item->from == chair_node(cluster) ? 0 : item->from;
    switch (item->kind) {
    case QUEUE_VERDICT:
        event.type = CHAIR_EVENT_VERDICT;
        event.verdict.message = item->digest;
        event.verdict.is_settled = is_settled(cluster, item->from);
        break;
    case QUEUE_PREPARE:
        event.type = CHAIR_EVENT_PREPARE;
        event.prepare = item->vote;
        break;
    case QUEUE_COMMIT:
        /* A COMMIT counts when its statement is the one the value gives in that view. */
        event.type = CHAIR_EVENT_COMMIT;
        event.commit = item->vote;
        break;
    case QUEUE_DONE:
        event.type = CHAIR_EVENT_DONE;
        break;
    case QUEUE_SEAT_UP:
        event.type = CHAIR_EVENT_SEAT_UP;
        break;
    case QUEUE_TIMER:
        event.type = CHAIR_EVENT_TIMER;
        break;
    case QUEUE_COMPUTED:
        event.type = CHAIR_EVENT_COMPUTED;
        event.computed.book = item->digest;
        event.computed.value = item->vote.value;
        break;
    case QUEUE_DECIDE:
        return; /* From a seat that was asked after it had decided: this chair has it already. */
    case QUEUE_ASSIGN:
    case QUEUE_PROPOSE:
    case QUEUE_CERTIFY:
    case QUEUE_ASSESSED:
    case QUEUE_RESTART:
    default:
        CHECK_UNREACHABLE();
    }
    feed_chair(cluster, &event);
}

static void restart(struct cluster *cluster, uint8_t node)
{
    if (node == chair_node(cluster)) {
        start_chair(cluster);
    } else {
        start_seat(cluster, node);
    }
}

static void deliver(struct cluster *cluster, const struct queue_item *item)
{
    struct node *n = &cluster->nodes[item->to];
    bool is_internal = item->from == item->to;

    if (is_internal && item->life != n->life) {
        return;
    }
    if (!n->is_up && item->kind != QUEUE_RESTART) {
        return;
    }
    if (item->kind == QUEUE_TIMER && item->timer != n->timer) {
        return;
    }
    trace_item(cluster, true, item->to, kind_name(item->kind), &item->vote);
    if (!is_internal) {
        cluster->delivered_count++;
    }
    if (item->kind == QUEUE_RESTART) {
        restart(cluster, item->to);
    } else if (item->to == chair_node(cluster)) {
        deliver_to_chair(cluster, item);
    } else {
        deliver_to_seat(cluster, item);
    }
}

/* ---- life of a run ---- */

static void draw_crash(struct cluster *cluster, uint8_t node)
{
    struct node *n = &cluster->nodes[node];
    bool is_crashing = random_happens(&n->random, cluster->options.crash_percent);
    uint32_t at = random_below(&n->random, 12);
    uint32_t down_ms = 10 + random_below(&n->random, 3000);

    if (is_crashing && !is_faulty(cluster, node)) {
        n->crash_at = at;
        n->down_ms = down_ms;
    }
}

struct cluster *cluster_create(const struct cluster_options *options)
{
    struct cluster *cluster = calloc(1, sizeof(*cluster));
    struct random seeds = {.state = options->seed};

    CHECK(cluster != NULL);
    bool is_council = quorum_init(&cluster->quorum, options->seat_count, options->faulty_max);

    CHECK(is_council);
    CHECK(options->delay_ms_min <= options->delay_ms_max);
    CHECK(options->assess_ms_min <= options->assess_ms_max);
    CHECK(options->faulty_count <= options->seat_count);
    cluster->options = *options;
    for (unsigned node = 0; node <= options->seat_count; node++) {
        cluster->nodes[node].random.state = random_next(&seeds);
        cluster->nodes[node].crash_at = CLUSTER_NO_CRASH;
        draw_crash(cluster, (uint8_t)node);
    }
    return cluster;
}

void cluster_destroy(struct cluster *cluster)
{
    if (cluster != NULL) {
        queue_finish(&cluster->queue);
        buffer_finish(&cluster->trace);
        free(cluster);
    }
}

void cluster_crash_after(struct cluster *cluster, uint8_t node, uint32_t actions, uint32_t down_ms)
{
    CHECK(node <= cluster->options.seat_count);
    cluster->nodes[node].crash_at = cluster->nodes[node].actions + actions;
    cluster->nodes[node].down_ms = down_ms;
}

void cluster_cut(struct cluster *cluster, uint8_t node, uint64_t from_ms, uint64_t until_ms)
{
    CHECK(node <= cluster->options.seat_count);
    cluster->nodes[node].cut_from_ms = from_ms;
    cluster->nodes[node].cut_until_ms = until_ms;
}

bool cluster_is_decided(const struct cluster *cluster)
{
    if (!cluster->chair_disk.is_decided && !is_faulty(cluster, chair_node(cluster))) {
        return false;
    }
    for (uint8_t seat = 0; seat < cluster->options.seat_count; seat++) {
        const struct node *n = &cluster->nodes[seat];
        bool will_be_up = n->is_up || n->down_ms != 0;

        if (is_honest_seat(cluster, seat) && will_be_up && !n->disk.is_decided) {
            return false;
        }
    }
    return true;
}

void cluster_run(struct cluster *cluster)
{
    struct queue_item item;

    for (uint8_t seat = 0; seat < cluster->options.seat_count; seat++) {
        start_seat(cluster, seat);
    }
    start_chair(cluster);
    while (cluster->failure[0] == '\0' && !cluster_is_decided(cluster) &&
           queue_take(&cluster->queue, &item) && item.due_ms <= cluster->options.limit_ms) {
        cluster->now_ms = item.due_ms;
        deliver(cluster, &item);
    }
}

const char *cluster_failure(const struct cluster *cluster)
{
    return cluster->failure[0] == '\0' ? NULL : cluster->failure;
}

void cluster_facts(const struct cluster *cluster, struct cluster_facts *out)
{
    *out = (struct cluster_facts){.now_ms = cluster->now_ms,
                                  .delivered_count = cluster->delivered_count,
                                  .hash = cluster->hash,
                                  .certificate_count = cluster->certificate_count,
                                  .signature_count = seat_set_count(&cluster->chair_seats),
                                  .accused = cluster->accused,
                                  .decided_ms = cluster->decided_ms};
    if (cluster->certificate_count > 0) {
        const struct proposal *proposal = find_proposal(cluster, &cluster->certified);

        CHECK(proposal != NULL);
        out->book_count = seat_set_count(&proposal->verdicts);
    }
    for (unsigned node = 0; node <= cluster->options.seat_count; node++) {
        out->actions[node] = cluster->nodes[node].actions;
        if (node < cluster->options.seat_count && cluster->nodes[node].disk.is_decided) {
            out->decided_count++;
        }
    }
}

const char *cluster_trace(const struct cluster *cluster)
{
    return buffer_text(&cluster->trace);
}

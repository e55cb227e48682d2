/* What a Byzantine coordinator does to the frames of aims-coordinator. */

#include <string.h>

#include "base/check.h"
#include "coordinator/coordinator.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "net/link_server.h"
#include "proto/codec.h"
#include "report/certificate.h"
#include "tests/byzantine/forgery.h"
#include "tests/byzantine/later.h"
#include "tests/byzantine/mischief.h"
#include "tests/byzantine/plot.h"

#define CHAIR_MEMORY  (256U * 1024 * 1024)
#define PULSE_MS      200
#define REPLAYS       4    /* Frames sent again at each pulse. */
#define CHERRIES_MS   1500 /* How long verdicts are collected before some are picked. */
#define OLD_HEADER_MS 8000 /* A docket that nobody rivals is opened after that, after all. */
#define SERVER        SIZE_MAX

bool __real_link_server_open(struct loop *loop, const struct link_server_options *options,
                             struct link_server **out, struct error *error);
bool __wrap_link_server_open(struct loop *loop, const struct link_server_options *options,
                             struct link_server **out, struct error *error);
bool __real_link_server_send(struct link_server *server, size_t seat, struct bytes message);
bool __wrap_link_server_send(struct link_server *server, size_t seat, struct bytes message);

static struct {
    struct link_server *server;
    void (*received)(void *context, size_t seat, struct bytes message);
    void *context;
} link_to;

static struct buffer old_tc; /* Some TC that was seen, for proposals that want another. */

static void forward(size_t seat, struct bytes frame)
{
    (void)__real_link_server_send(link_to.server, seat, frame);
}

static void forward_all(struct bytes frame)
{
    for (size_t seat = 0; seat < mischief.roster->seat_count; seat++) {
        forward(seat, frame);
    }
}

static void pass_on(size_t seat, struct bytes frame)
{
    link_to.received(link_to.context, seat, frame);
}

/* How many seats the strategy is about: f unless it was told. */
static uint8_t seat_number(void)
{
    uint32_t number = mischief.value == 0 ? mischief.roster->faulty_max : mischief.value;

    return (uint8_t)(number < mischief.roster->seat_count ? number : mischief.roster->seat_count);
}

static bool is_first_of(struct seat_set *told, size_t seat)
{
    bool is_first = !seat_set_has(told, (uint8_t)seat);

    seat_set_add(told, (uint8_t)seat);
    return is_first;
}

/* ---- two of a kind ---- */

/* A docket with the same serial number and cases, a second later. */
static bool make_twin_docket(struct plot *plot)
{
    struct message_docket docket = plot->verified.docket;
    struct message message = {.kind = MESSAGE_ASSIGN};
    struct buffer payload = {0};

    docket.as_of++;
    codec_payload_encode_docket(&docket, &payload);
    message.assign.docket.payload = buffer_bytes(&payload);
    sign_payload(mischief.keys, MESSAGE_TYPE_DOCKET, message.assign.docket.payload,
                 message.assign.docket.signature);
    hash_bytes(message.assign.docket.payload, &plot->twin);
    forgery_write(&message, &plot->other);
    buffer_finish(&payload);
    return plot->other.size > 0;
}

/* Seats with odd numbers get the twin first; who is told again gets the other one. */
static void two_dockets(size_t seat, struct bytes frame)
{
    struct plot *plot = mischief_kind(frame) == MESSAGE_ASSIGN ? plot_of_frame(frame) : NULL;
    bool is_twin_made = plot != NULL && plot_learn(plot, frame) &&
                        plot->verified.docket.home == mischief.node &&
                        (plot->other.size > 0 || make_twin_docket(plot));

    if (!is_twin_made) {
        forward(seat, frame);
        return;
    }
    bool is_first = is_first_of(&plot->told, seat);

    if (is_first == (seat % 2 == 1)) {
        forward(seat, buffer_bytes(&plot->other));
        mischief_done_twice();
    } else {
        forward(seat, frame);
    }
}

/* Makes the other proposal of FRAME; false when there is none to be made. */
static bool make_twin_proposal(struct plot *plot, struct bytes frame)
{
    struct arena *arena = arena_create(CHAIR_MEMORY);
    struct message_propose propose;
    struct message message;
    struct error ignored;
    bool is_ok = codec_frame_decode(frame, arena, &message, &ignored) &&
                 codec_payload_decode_propose(message.propose.propose.payload, &propose, &ignored);

    if (is_ok && propose.view != plot->view) {
        plot->told = (struct seat_set){{0, 0}};
        buffer_clear(&plot->other);
        is_ok = plot_propose_other(plot, frame, &plot->other, &plot->twin);
        plot->view = is_ok ? propose.view : 0;
    }
    arena_destroy(arena);
    return is_ok && plot->other.size > 0;
}

/* Seats with odd numbers get the other proposal, and the first one when it is repeated. */
static void two_proposals(size_t seat, struct bytes frame)
{
    struct plot *plot = plot_of_frame(frame);

    if (mischief_kind(frame) == MESSAGE_ASSIGN && plot != NULL) {
        (void)plot_learn(plot, frame);
    }
    if (mischief_kind(frame) != MESSAGE_PROPOSE || plot == NULL || seat % 2 == 0) {
        forward(seat, frame);
    } else if (!make_twin_proposal(plot, frame)) {
        mischief_done(); /* It waits until there are verdicts for another book. */
    } else if (is_first_of(&plot->told, seat)) {
        forward(seat, buffer_bytes(&plot->other));
        mischief_done_twice();
    } else {
        forward(seat, frame);
    }
}

/* Collects PREPAREs of the other proposal, and certifies it if they are a quorum. */
static void count_prepare(size_t seat, struct bytes frame)
{
    struct plot *plot = plot_of_frame(frame);
    struct arena *arena = arena_create(CHAIR_MEMORY);
    struct message_prepare prepare;
    struct message message;
    struct error ignored;

    if (plot != NULL && codec_frame_decode(frame, arena, &message, &ignored) &&
        message.kind == MESSAGE_PREPARE &&
        codec_payload_decode_prepare(message.prepare.payload, &prepare, &ignored) &&
        digest_equal(&prepare.value, &plot->twin) && message.prepare.vote.seat == seat &&
        plot_add_vote(plot, message.prepare.payload, &message.prepare.vote)) {
        struct message_qc qc = {.payload = message.prepare.payload,
                                .vote_count = plot->vote_count,
                                .votes = plot->votes};
        struct message certify = {.kind = MESSAGE_CERTIFY};
        struct buffer encoded = {0};
        struct buffer out = {0};

        codec_part_encode_qc(&qc, &encoded);
        certify.certify = buffer_bytes(&encoded);
        forgery_write(&certify, &out);
        forward_all(buffer_bytes(&out));
        mischief_done();
        buffer_finish(&out);
        buffer_finish(&encoded);
    }
    arena_destroy(arena);
}

/* ---- proposals that are none ---- */

/* Signs PROPOSE again, its value or its TC being others. */
static void propose_other(struct bytes frame, bool is_tc_old, struct buffer *out)
{
    struct arena *arena = arena_create(CHAIR_MEMORY);
    struct message_propose propose;
    struct message message;
    struct buffer payload = {0};
    struct error ignored;
    bool is_ok = codec_frame_decode(frame, arena, &message, &ignored) &&
                 codec_payload_decode_propose(message.propose.propose.payload, &propose, &ignored);

    if (is_ok && is_tc_old) {
        message.propose.tc = buffer_bytes(&old_tc);
        hash_bytes(message.propose.tc, &propose.tc);
    } else if (is_ok) {
        propose.value = mischief_noise();
    }
    if (is_ok) {
        codec_payload_encode_propose(&propose, &payload);
        message.propose.propose.payload = buffer_bytes(&payload);
        sign_payload(mischief.keys, MESSAGE_TYPE_PROPOSE, message.propose.propose.payload,
                     message.propose.propose.signature);
        forgery_write(&message, out);
    }
    buffer_finish(&payload);
    arena_destroy(arena);
}

/* Keeps the TC of FRAME, or a part of it that is a TC of too few, for a later view. */
static void keep_tc(struct bytes frame)
{
    struct arena *arena = arena_create(CHAIR_MEMORY);
    struct message message;
    struct message_tc tc;
    struct error ignored;

    if (codec_frame_decode(frame, arena, &message, &ignored) &&
        codec_part_decode_tc(message.propose.tc, arena, &tc, &ignored) && tc.report_count > 1) {
        if (old_tc.size == 0) {
            tc.report_count--;
        }
        buffer_clear(&old_tc);
        codec_part_encode_tc(&tc, &old_tc);
    }
    arena_destroy(arena);
}

static bool has_tc(struct bytes frame)
{
    struct arena *arena = arena_create(CHAIR_MEMORY);
    struct message message;
    struct error ignored;
    bool has = mischief_kind(frame) == MESSAGE_PROPOSE &&
               codec_frame_decode(frame, arena, &message, &ignored) && message.propose.tc.size > 0;

    arena_destroy(arena);
    return has;
}

/* An honest chair proposes once for each view, so what was kept is of an earlier one. */
static void stale_tc(size_t seat, struct bytes frame)
{
    struct plot *plot = plot_of_frame(frame);
    struct buffer out = {0};

    if (plot == NULL || !has_tc(frame)) {
        forward(seat, frame);
        return;
    }
    if (old_tc.size == 0) {
        keep_tc(frame);
    }
    propose_other(frame, true, &out);
    forward(seat, buffer_bytes(&out));
    mischief_done();
    buffer_finish(&out);
}

static void short_book(size_t seat, struct bytes frame)
{
    struct buffer out = {0};

    if (mischief_kind(frame) == MESSAGE_PROPOSE &&
        plot_propose_short(frame, mischief.roster->quorum_count - 1U, &out)) {
        forward(seat, buffer_bytes(&out));
        mischief_done();
    } else {
        forward(seat, frame);
    }
    buffer_finish(&out);
}

static void make_noise(size_t seat, struct bytes frame)
{
    struct buffer out = {0};

    if (mischief_kind(frame) == MESSAGE_PROPOSE) {
        propose_other(frame, false, &out);
        forward(seat, buffer_bytes(&out));
        mischief_done_twice();
    }
    forward(seat, frame);
    buffer_finish(&out);
}

/* ---- what some are not to know ---- */

/* Once a few have the QC, nothing more is said of the docket. */
static bool hides_lock(size_t seat, struct bytes frame)
{
    struct plot *plot = plot_of_frame(frame);

    if (plot == NULL || mischief_kind(frame) == MESSAGE_HELLO) {
        return false;
    }
    if (mischief_kind(frame) == MESSAGE_CERTIFY && !plot->is_muted) {
        seat_set_add(&plot->told, (uint8_t)seat);
        plot->is_muted = seat_set_count(&plot->told) >= seat_number();
        return false;
    }
    return plot->is_muted;
}

/* With a scenario, honest seats are those that it does not make faulty; else the last are taken. */
static bool is_censored(size_t seat)
{
    uint8_t left = seat_number();

    for (size_t i = mischief.roster->seat_count; i > 0 && left > 0; i--) {
        if (!seat_set_has(&mischief.accomplices, (uint8_t)(i - 1))) {
            left--;
            if (i - 1 == seat) {
                return true;
            }
        }
    }
    return false;
}

/* Own dockets are held back until another one for the same case is heard of. */
static bool holds_docket(size_t seat, struct bytes frame)
{
    struct plot *plot = mischief_kind(frame) == MESSAGE_ASSIGN ? plot_of_frame(frame) : NULL;

    if (plot == NULL || !plot_learn(plot, frame) || plot->verified.docket.home != mischief.node ||
        plot->is_muted) {
        return false;
    }
    if (plot->other.size == 0) {
        buffer_append(&plot->other, frame.data, frame.size);
        later_add(seat, frame, OLD_HEADER_MS);
    }
    return true;
}

static void release_dockets(struct bytes frame)
{
    struct plot *rival = plot_of_frame(frame);

    if (rival == NULL || rival->arena != NULL) {
        return;
    }
    for (struct plot *plot = plot_next(NULL); plot != NULL; plot = plot_next(plot)) {
        if (plot->other.size > 0 && !plot->is_muted) {
            plot->is_muted = true;
            forward_all(buffer_bytes(&plot->other));
            mischief_done();
        }
    }
}

/* Collects COMMITs and shows the certificate to a few seats. */
static void hide_certificate(size_t seat, struct bytes frame)
{
    struct plot *plot = plot_of_frame(frame);
    struct arena *arena = arena_create(CHAIR_MEMORY);
    struct message message;
    struct error ignored;

    mischief_done();
    if (plot != NULL && codec_frame_decode(frame, arena, &message, &ignored) &&
        message.commit.vote.seat == seat &&
        verify_commit(mischief.roster, message.commit.payload, &message.commit.vote, &ignored) &&
        plot_add_vote(plot, message.commit.payload, &message.commit.vote)) {
        struct message decide = {.kind = MESSAGE_DECIDE};
        struct buffer certificate = {0};
        struct buffer out = {0};

        certificate_write(mischief.roster, message.commit.payload, plot->votes, plot->vote_count,
                          &certificate);
        decide.decide.docket = plot->id;
        decide.decide.certificate = buffer_bytes(&certificate);
        forgery_write(&decide, &out);
        for (uint8_t i = 0; i < seat_number(); i++) {
            forward(i, buffer_bytes(&out));
        }
        buffer_finish(&out);
        buffer_finish(&certificate);
    }
    arena_destroy(arena);
}

/* ---- cherries ---- */

static struct digest first_sheet(struct bytes frame)
{
    struct arena *arena = arena_create(CHAIR_MEMORY);
    struct digest digest = {{0}};
    struct message_verdict verdict;
    struct message message;
    struct error ignored;

    if (codec_frame_decode(frame, arena, &message, &ignored) &&
        codec_payload_decode_verdict(message.verdict.verdicts[0].payload, arena, &verdict,
                                     &ignored) &&
        verdict.entry_count > 0) {
        digest = verdict.entries[0].digest;
    }
    arena_destroy(arena);
    return digest;
}

/* The sheet that most verdicts in hand name. */
static struct digest usual_sheet(const struct plot *plot, const struct digest *sheets)
{
    struct digest best = {{0}};
    size_t best_count = 0;

    for (size_t i = 0; i < MESSAGE_SEATS_MAX; i++) {
        size_t count = 0;

        for (size_t j = 0; plot->verdicts[i].size > 0 && j < MESSAGE_SEATS_MAX; j++) {
            count += plot->verdicts[j].size > 0 && digest_equal(&sheets[i], &sheets[j]);
        }
        if (count > best_count) {
            best = sheets[i];
            best_count = count;
        }
    }
    return best;
}

/* Passes on the verdicts of PLOT that are unusual, and of the others as few as make a quorum. */
static void pick(struct plot *plot)
{
    struct digest sheets[MESSAGE_SEATS_MAX];
    size_t passed = 0;

    for (size_t i = 0; i < MESSAGE_SEATS_MAX; i++) {
        sheets[i] = first_sheet(buffer_bytes(&plot->verdicts[i]));
    }
    struct digest usual = usual_sheet(plot, sheets);

    for (int is_usual = 0; is_usual <= 1; is_usual++) {
        for (size_t i = 0; i < MESSAGE_SEATS_MAX; i++) {
            bool is_wanted = plot->verdicts[i].size > 0 &&
                             digest_equal(&sheets[i], &usual) == (is_usual == 1) &&
                             (is_usual == 0 || passed < mischief.roster->quorum_count);

            if (is_wanted) {
                passed++;
                pass_on(i, buffer_bytes(&plot->verdicts[i]));
            } else if (is_usual == 1 && plot->verdicts[i].size > 0) {
                mischief_done();
            }
        }
    }
}

/* True when the verdict waits, or is not wanted any more. */
static bool keeps_verdict(size_t seat, struct bytes frame)
{
    struct plot *plot = mischief_kind(frame) == MESSAGE_VERDICT ? plot_of_frame(frame) : NULL;

    if (plot == NULL) {
        return false;
    }
    if (!plot->is_muted && plot->verdicts[seat].size == 0) {
        buffer_append(&plot->verdicts[seat], frame.data, frame.size);
        if (plot->view == 0) {
            plot->view = 1;
            later_add(SERVER, frame, CHERRIES_MS);
        }
    }
    return true;
}

/* ---- between coordinator and link ---- */

/* True when this strategy lets FRAME go to SEAT as it is. */
static bool lets_go(size_t seat, struct bytes frame)
{
    enum message_kind kind = mischief_kind(frame);

    if (mischief_is_greeting(frame) && mischief.strategy != SETUP_LATE) {
        return true;
    }
    switch ((int)mischief.strategy) {
    case SETUP_SILENT:
        return false;
    case SETUP_LATE:
        later_add(seat, frame, mischief.value);
        return false;
    case SETUP_REPLAY:
        later_remember(frame);
        return true;
    case SETUP_HIDDEN_LOCK:
        return !hides_lock(seat, frame);
    case SETUP_CENSOR:
        return !is_censored(seat);
    case SETUP_BURN_VIEWS:
        return kind != MESSAGE_PROPOSE;
    case SETUP_PRIVATE_TC:
        return seat == 0 || (kind != MESSAGE_TC && !has_tc(frame));
    case SETUP_ONE_SEAT:
        return seat == 0;
    case SETUP_OLD_HEADER:
        return !holds_docket(seat, frame);
    case SETUP_HIDE_CERTIFICATE:
        return kind != MESSAGE_DECIDE;
    default:
        return true;
    }
}

static void send_by_strategy(size_t seat, struct bytes frame)
{
    switch ((int)mischief.strategy) {
    case SETUP_TWO_DOCKETS:
        two_dockets(seat, frame);
        break;
    case SETUP_TWO_PROPOSALS:
        two_proposals(seat, frame);
        break;
    case SETUP_STALE_TC:
        stale_tc(seat, frame);
        break;
    case SETUP_SHORT_BOOK:
        short_book(seat, frame);
        break;
    case SETUP_NOISE:
        make_noise(seat, frame);
        break;
    default:
        forward(seat, frame);
        break;
    }
}

bool __wrap_link_server_send(struct link_server *server, size_t seat, struct bytes frame)
{
    if (server != link_to.server || !mischief_is_on()) {
        return __real_link_server_send(server, seat, frame);
    }
    if (lets_go(seat, frame)) {
        send_by_strategy(seat, frame);
    } else {
        mischief_done();
    }
    return true;
}

/* Nothing about a twin docket is for the coordinator, which does not know it. */
static bool is_of_twin(struct bytes frame)
{
    struct digest id;

    if (!forgery_docket(frame, &id)) {
        return false;
    }
    for (struct plot *plot = plot_next(NULL); plot != NULL; plot = plot_next(plot)) {
        if (plot->other.size > 0 && digest_equal(&plot->twin, &id)) {
            return true;
        }
    }
    return false;
}

static void keep_verdict(size_t seat, struct bytes frame)
{
    struct plot *plot = plot_of_frame(frame);

    if (plot != NULL && plot->verdicts[seat].size == 0) {
        buffer_append(&plot->verdicts[seat], frame.data, frame.size);
    }
}

/* True when the coordinator gets what SEAT has sent. */
static bool lets_in(size_t seat, struct bytes frame)
{
    enum message_kind kind = mischief_kind(frame);

    switch ((int)mischief.strategy) {
    case SETUP_TWO_DOCKETS:
        return !is_of_twin(frame);
    case SETUP_TWO_PROPOSALS:
        if (kind == MESSAGE_PREPARE) {
            count_prepare(seat, frame);
        } else if (kind == MESSAGE_VERDICT) {
            keep_verdict(seat, frame);
        }
        return true;
    case SETUP_CENSOR:
        return kind != MESSAGE_VERDICT || !is_censored(seat);
    case SETUP_CHERRY_PICK:
        return !keeps_verdict(seat, frame);
    case SETUP_OLD_HEADER:
        if (kind == MESSAGE_VERDICT) {
            release_dockets(frame);
        }
        return true;
    case SETUP_HIDE_CERTIFICATE:
        if (kind == MESSAGE_COMMIT) {
            hide_certificate(seat, frame);
        }
        return kind != MESSAGE_COMMIT;
    case SETUP_REPLAY:
        if (!mischief_is_greeting(frame)) {
            later_remember(frame);
        }
        return true;
    default:
        return true;
    }
}

static void receive(void *context, size_t seat, struct bytes frame)
{
    (void)context;
    if (!mischief_is_on() || lets_in(seat, frame)) {
        pass_on(seat, frame);
    }
}

static void send_later(size_t party, struct bytes frame)
{
    struct plot *plot = NULL;

    if (party != SERVER) {
        forward(party, frame);
    } else {
        plot = plot_of_frame(frame);
        if (plot != NULL) {
            pick(plot);
            plot->is_muted = true;
        }
    }
}

static void pulse(void)
{
    for (int i = 0; mischief.strategy == SETUP_REPLAY && i < REPLAYS; i++) {
        struct bytes frame = later_recall();

        if (frame.size > 0) {
            forward_all(frame);
            mischief_done();
        }
    }
}

bool __wrap_link_server_open(struct loop *loop, const struct link_server_options *options,
                             struct link_server **out, struct error *error)
{
    const struct coordinator *coordinator = options->context;
    struct link_server_options ours = *options;

    mischief.roster = &coordinator->roster;
    mischief.catalog = &coordinator->catalog;
    mischief.keys = coordinator->keys;
    mischief.node = coordinator->options.index;
    mischief.loop = loop;
    link_to.received = options->received;
    link_to.context = options->context;
    ours.received = receive;
    later_begin(send_later, pulse, PULSE_MS);
    return __real_link_server_open(loop, &ours, &link_to.server, error) &&
           (*out = link_to.server, true);
}

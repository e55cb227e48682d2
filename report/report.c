#include "report/report.h"

#include <string.h>

#include "base/check.h"
#include "report/ballots.h"
#include "report/when.h"

static const char *const reason_names[MESSAGE_REASON_COUNT] = {
    [MESSAGE_ASSESSED] = "assessed",    [MESSAGE_NO_BUNDLE] = "noBundle",
    [MESSAGE_BAD_BUNDLE] = "badBundle", [MESSAGE_BAD_EVIDENCE] = "badEvidence",
    [MESSAGE_TOO_LATE] = "tooLate",     [MESSAGE_CRASHED] = "crashed",
    [MESSAGE_LIMIT] = "limit",          [MESSAGE_CLOCK] = "clock",
    [MESSAGE_BOUND] = "bound",          [MESSAGE_CONCLUDED] = "concluded",
};

static const char *const not_done[] = {
    "Registers were judged as the organisation declared them.",
    "Documents were matched by their digests; nobody read them.",
    "No interview was held and no site was visited.",
    "The decision is a recommendation; a person who took no part in the assessment decides.",
};

/* Seats that sent the same sheet. Most of a council usually does, so that a criterion costs a step
 * per group and not per seat. */
struct group {
    const struct message_sheet *sheet;
    struct seat_set seats;
};

struct groups {
    size_t count;
    struct group items[MESSAGE_SEATS_MAX]; /* By their lowest seat, rising. */
};

const char *report_reason_name(enum message_reason reason)
{
    CHECK(reason < MESSAGE_REASON_COUNT);
    return reason_names[reason];
}

const char *const *report_not_done(size_t *count)
{
    *count = sizeof(not_done) / sizeof(not_done[0]);
    return not_done;
}

uint8_t report_votes(const struct report *report, size_t index, enum answer answer)
{
    uint16_t voice = report->criteria[index].votes[answer];

    return voice == REPORT_NO_VOICE ? 0 : report->voices[voice].seat_count;
}

bool report_is_one_source(const struct report *report, size_t index)
{
    uint16_t voice = report->criteria[index].paper_voice;

    return voice != REPORT_NO_VOICE &&
           report->voices[voice].seat_count <= report->quorum.faulty_max;
}

/* Seats that gave the answer to criterion INDEX that most of them gave. */
static uint8_t largest_vote(const struct report *report, size_t index)
{
    uint8_t largest = 0;

    for (int answer = ANSWER_NONE + 1; answer < ANSWER_COUNT; answer++) {
        uint8_t count = report_votes(report, index, (enum answer)answer);

        largest = count > largest ? count : largest;
    }
    return largest;
}

bool report_is_worth_repeating(const struct report *report)
{
    unsigned missing = report->quorum.seat_count;

    if (report->findings.outcome != FINDINGS_IN_DISPUTE) {
        return report->findings.outcome == FINDINGS_UNHEARD;
    }
    for (uint8_t seat = 0; seat < report->quorum.seat_count; seat++) {
        missing -= report->seats[seat].attendance == REPORT_ASSESSED;
    }
    for (size_t i = 0; i < report->catalog->criterion_count; i++) {
        if (report->findings.answers[i] == ANSWER_NONE &&
            largest_vote(report, i) + missing >= report->quorum.quorum_count) {
            return true;
        }
    }
    return false;
}

bool report_check_catalog(const struct report *report, const struct catalog *catalog,
                          struct error *error)
{
    const struct catalog *mine = report->catalog;

    if (!digest_equal(&mine->digest, &catalog->digest)) {
        return error_set(error, ERROR_CONFLICT, "the report is about another catalogue, %s %lld",
                         mine->id, (long long)mine->version);
    }
    if (mine->criterion_count != catalog->criterion_count ||
        mine->requirement_count != catalog->requirement_count ||
        mine->minors_make_major != catalog->minors_make_major ||
        mine->max_age_days != catalog->max_age_days) {
        return error_set(error, ERROR_CONFLICT, "the report counts otherwise than the catalogue");
    }
    for (size_t i = 0; i < catalog->criterion_count; i++) {
        const struct catalog_criterion *left = &mine->criteria[i];
        const struct catalog_criterion *right = &catalog->criteria[i];

        if (strcmp(left->id, right->id) != 0 || left->grade != right->grade ||
            left->is_applicability != right->is_applicability ||
            left->requirement != right->requirement) {
            return error_set(error, ERROR_CONFLICT,
                             "the report has criterion %s otherwise than the catalogue", right->id);
        }
    }
    return true;
}

static void make_head(const struct report_source *source, size_t index, struct report *out)
{
    const struct roster *roster = source->roster;
    const struct message_docket *docket = &source->docket->docket;

    CHECK(roster->seat_count <= MESSAGE_SEATS_MAX);
    *out = (struct report){
        .case_id = source->docket->cases[index],
        .docket = source->docket->scope.docket,
        .manifest = docket->cases[index].manifest,
        .roster = roster->digest,
        .attempt = docket->cases[index].attempt,
        .as_of = docket->as_of < WHEN_MAX ? docket->as_of : WHEN_MAX,
        .quorum = {roster->seat_count, roster->faulty_max, roster->quorum_count},
        .catalog = source->catalog,
    };
    keys_keyid(docket->cases[index].signing, out->submitter);
    for (uint8_t seat = 0; seat < roster->seat_count; seat++) {
        out->seats[seat] = (struct report_seat){
            .operator_name = roster->seats[seat].operator_name,
            .ruleset = roster->seats[seat].ruleset,
            .host = roster->seats[seat].host,
        };
    }
}

static void add_to_group(struct groups *groups, const struct message_sheet *sheet, uint8_t seat)
{
    size_t i = 0;

    while (i < groups->count && groups->items[i].sheet != sheet) {
        i++;
    }
    if (i == groups->count) {
        groups->items[groups->count++] = (struct group){.sheet = sheet};
    }
    seat_set_add(&groups->items[i].seats, seat);
}

/* Who was there, and what they say of purpose and period. */
static void make_attendance(const struct report_source *source, size_t index, struct groups *groups,
                            struct report *out)
{
    const struct message_sheet *sheets[MESSAGE_SEATS_MAX] = {NULL};
    const struct verify_book *book = source->book;

    groups->count = 0;
    for (size_t i = 0; i < book->verdict_count; i++) {
        const struct message_entry *entry = &book->verdicts[i].entries[index];
        struct report_seat *seat = &out->seats[book->verdicts[i].seat];

        sheets[i] = verify_book_sheet(book, i, index);
        CHECK((sheets[i] != NULL) == (entry->reason == MESSAGE_ASSESSED));
        seat->attendance = sheets[i] != NULL ? REPORT_ASSESSED : REPORT_ABSTAINED;
        seat->reason = entry->reason;
        if (sheets[i] != NULL) {
            CHECK(sheets[i]->criterion_count == source->catalog->criterion_count);
            out->facts.sheet_count++;
            add_to_group(groups, sheets[i], book->verdicts[i].seat);
        } else if (entry->reason == MESSAGE_BOUND || entry->reason == MESSAGE_CONCLUDED) {
            seat->docket = entry->digest;
        }
    }
    findings_count_facts(sheets, book->verdict_count, out->quorum.quorum_count, &out->facts);
    if (out->facts.period_end > WHEN_DAY_MAX) {
        out->facts.period_end = WHEN_DAY_MAX;
    }
    out->facts.as_of = (uint32_t)(out->as_of / WHEN_SECONDS);
}

/* The paper that most of the seats behind ANSWER share, ties to the lowest seat. */
static void choose_paper(const struct groups *groups, size_t index, enum answer answer,
                         struct ballots *ballots)
{
    uint8_t best_count = 0;

    for (size_t i = 0; i < groups->count; i++) {
        const struct digest *paper = &groups->items[i].sheet->papers[index];
        struct seat_set seats = {{0}};

        if (groups->items[i].sheet->answers[index] != answer ||
            (best_count > 0 && digest_equal(paper, &ballots->paper))) {
            continue;
        }
        for (size_t j = i; j < groups->count; j++) {
            const struct message_sheet *sheet = groups->items[j].sheet;

            if (sheet->answers[index] == answer && digest_equal(&sheet->papers[index], paper)) {
                seats.words[0] |= groups->items[j].seats.words[0];
                seats.words[1] |= groups->items[j].seats.words[1];
            }
        }
        if (seat_set_count(&seats) > best_count) {
            best_count = seat_set_count(&seats);
            ballots->paper = *paper;
            ballots->paper_seats = seats;
        }
    }
}

static void make_criteria(const struct groups *groups, struct tally *tally, struct report *out)
{
    for (uint16_t index = 0; index < tally->criterion_count; index++) {
        struct ballots ballots = {0};
        enum answer agreed = ANSWER_NONE;

        for (size_t i = 0; i < groups->count; i++) {
            uint8_t answer = groups->items[i].sheet->answers[index];

            CHECK(answer < ANSWER_COUNT);
            ballots.answers[answer].words[0] |= groups->items[i].seats.words[0];
            ballots.answers[answer].words[1] |= groups->items[i].seats.words[1];
        }
        for (uint8_t answer = ANSWER_MET; answer < ANSWER_COUNT; answer++) {
            if (seat_set_count(&ballots.answers[answer]) >= out->quorum.quorum_count) {
                agreed = (enum answer)answer;
            }
        }
        if (agreed != ANSWER_NONE) {
            choose_paper(groups, index, agreed, &ballots);
        }
        ballots_add(out, tally, index, &ballots);
    }
}

/* Rule sets by the digests that seats signed, in the order of their lowest seats. */
static void make_rulesets(const struct verify_book *book, struct report *out)
{
    for (size_t i = 0; i < book->verdict_count; i++) {
        const struct digest *digest = &book->verdicts[i].ruleset;
        struct seat_set seats = {{0}};
        bool is_known = false;

        for (size_t j = 0; j < book->verdict_count; j++) {
            if (digest_equal(&book->verdicts[j].ruleset, digest)) {
                is_known = is_known || j < i;
                seat_set_add(&seats, book->verdicts[j].seat);
            }
        }
        if (!is_known) {
            out->rulesets[out->ruleset_count++] =
                (struct report_ruleset){*digest, ballots_voice(out, &seats)};
        }
    }
}

void report_make(const struct report_source *source, size_t index, struct report *out)
{
    struct groups groups;
    struct tally tally;

    CHECK(index < source->docket->docket.case_count);
    CHECK(source->book->case_count == source->docket->docket.case_count);
    CHECK(digest_equal(&source->catalog->digest, &source->docket->docket.catalog));
    make_head(source, index, out);
    make_attendance(source, index, &groups, out);
    tally_init(&tally, (uint16_t)source->catalog->criterion_count);
    make_criteria(&groups, &tally, out);
    make_rulesets(source->book, out);
    ballots_finish(out, &tally);
}

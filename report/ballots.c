#include "report/ballots.h"

#include <string.h>

#include "base/check.h"

uint16_t ballots_voice(struct report *report, const struct seat_set *seats)
{
    for (size_t i = 0; i < report->voice_count; i++) {
        if (seat_set_equal(&report->voices[i].seats, seats)) {
            return (uint16_t)i;
        }
    }
    CHECK(report->voice_count < REPORT_VOICES_MAX);
    report->voices[report->voice_count] =
        (struct report_voice){.seats = *seats, .seat_count = seat_set_count(seats)};
    return (uint16_t)report->voice_count++;
}

void ballots_add(struct report *report, struct tally *tally, size_t index,
                 const struct ballots *ballots)
{
    struct report_criterion *criterion = &report->criteria[index];

    CHECK(index < tally->criterion_count);
    for (size_t answer = 0; answer < ANSWER_COUNT; answer++) {
        uint8_t count = seat_set_count(&ballots->answers[answer]);

        tally->counts[index][answer] = count;
        criterion->votes[answer] =
            count == 0 ? REPORT_NO_VOICE : ballots_voice(report, &ballots->answers[answer]);
    }
    criterion->paper = ballots->paper;
    criterion->paper_voice = seat_set_count(&ballots->paper_seats) == 0
                                 ? REPORT_NO_VOICE
                                 : ballots_voice(report, &ballots->paper_seats);
}

/* A fault domain of each seat as a number: that of the first seat with the same name. */
struct domains {
    uint8_t operators[MESSAGE_SEATS_MAX];
    uint8_t rulesets[MESSAGE_SEATS_MAX];
    uint8_t hosts[MESSAGE_SEATS_MAX];
};

static void number_domains(const struct report *report, struct domains *out)
{
    for (uint8_t seat = 0; seat < report->quorum.seat_count; seat++) {
        const struct report_seat *mine = &report->seats[seat];
        uint8_t same_operator = 0;
        uint8_t same_ruleset = 0;
        uint8_t same_host = 0;

        while (strcmp(report->seats[same_operator].operator_name, mine->operator_name) != 0) {
            same_operator++;
        }
        while (strcmp(report->seats[same_ruleset].ruleset, mine->ruleset) != 0) {
            same_ruleset++;
        }
        while (strcmp(report->seats[same_host].host, mine->host) != 0) {
            same_host++;
        }
        out->operators[seat] = same_operator;
        out->rulesets[seat] = same_ruleset;
        out->hosts[seat] = same_host;
    }
}

static uint8_t count_distinct(const struct seat_set *seats, const uint8_t *domains,
                              uint8_t seat_count)
{
    struct seat_set seen = {{0}};

    for (uint8_t seat = 0; seat < seat_count; seat++) {
        if (seat_set_has(seats, seat)) {
            seat_set_add(&seen, domains[seat]);
        }
    }
    return seat_set_count(&seen);
}

void ballots_finish(struct report *report, const struct tally *tally)
{
    struct domains domains;
    uint8_t seat_count = report->quorum.seat_count;

    number_domains(report, &domains);
    for (size_t i = 0; i < report->voice_count; i++) {
        struct report_voice *voice = &report->voices[i];

        voice->operator_count = count_distinct(&voice->seats, domains.operators, seat_count);
        voice->ruleset_count = count_distinct(&voice->seats, domains.rulesets, seat_count);
        voice->host_count = count_distinct(&voice->seats, domains.hosts, seat_count);
    }
    findings_make(report->catalog, &report->quorum, tally, &report->facts, &report->findings);
}

#include "council/tally.h"

#include <string.h>

#include "base/check.h"

void tally_init(struct tally *tally, uint16_t criterion_count)
{
    CHECK(criterion_count <= TALLY_CRITERIA_MAX);
    tally->criterion_count = criterion_count;
    memset(tally->counts, 0, sizeof(tally->counts[0]) * criterion_count);
}

void tally_add(struct tally *tally, const uint8_t *answers)
{
    for (uint16_t criterion = 0; criterion < tally->criterion_count; criterion++) {
        CHECK(answers[criterion] < ANSWER_COUNT);
        CHECK(tally->counts[criterion][answers[criterion]] < UINT8_MAX);
        tally->counts[criterion][answers[criterion]]++;
    }
}

enum answer tally_agreed(const struct tally *tally, uint16_t criterion, uint8_t quorum_count)
{
    CHECK(criterion < tally->criterion_count);
    for (uint8_t answer = ANSWER_MET; answer < ANSWER_COUNT; answer++) {
        if (tally->counts[criterion][answer] >= quorum_count) {
            return (enum answer)answer;
        }
    }
    return ANSWER_NONE;
}

bool tally_is_settled(const struct tally *tally, uint8_t quorum_count)
{
    for (uint16_t criterion = 0; criterion < tally->criterion_count; criterion++) {
        if (tally_agreed(tally, criterion, quorum_count) == ANSWER_NONE) {
            return false;
        }
    }
    return true;
}

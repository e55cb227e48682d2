#ifndef COUNCIL_ANSWER_H
#define COUNCIL_ANSWER_H

/* What a seat can say to one criterion. The numbers are on the wire: never renumber. */

#include <stdint.h>

#define ANSWER_COUNT 5

enum answer {
    ANSWER_NONE = 0, /* Abstained on this criterion: the rule failed, or a limit was reached. */
    ANSWER_MET = 1,
    ANSWER_NOT_MET = 2,
    ANSWER_NOT_APPLICABLE = 3,
    ANSWER_INSUFFICIENT = 4,
};

#endif

#ifndef RULES_CATALOG_H
#define RULES_CATALOG_H

/* The question that every assessor answers: requirements, their criteria, and what a failed
 * criterion weighs.
 *
 * The order of the files, and of requirements and criteria in them, is the voting order: a
 * criterion is known everywhere by its index here, and the digest says that all mean the same
 * list. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "rules/words.h"

#define CATALOG_CRITERIA_MAX     400
#define CATALOG_REQUIREMENTS_MAX 100
#define CATALOG_CAPS_MAX         64
#define CATALOG_ID_MAX           32 /* Characters of the id of a requirement or criterion. */

enum catalog_pdca {
    CATALOG_PLAN = 1,
    CATALOG_DO,
    CATALOG_CHECK,
    CATALOG_ACT,
};

/* What a criterion that is not met earns. */
enum catalog_grade {
    CATALOG_MAJOR = 1,
    CATALOG_MINOR,
    CATALOG_IMPROVEMENT,
};

struct catalog_criterion {
    const char *id; /* The requirement's id, a dash and a number. */
    const char *question;
    const char *guidance;    /* What an assessor looks at. */
    const char *remediation; /* What to do when it is not met. */
    enum catalog_grade grade;
    bool is_applicability; /* "<control>-0": does the control apply at all? */
    size_t requirement;    /* Index. */
    struct words evidence; /* Registers that bear on it. */
};

/* The frameworks that a requirement is mapped to, by column of the crosswalk. */
enum catalog_framework {
    CATALOG_EU_AI_ACT = 0,
    CATALOG_NIST_AI_RMF,
    CATALOG_ISO27001,
    CATALOG_ISO27701,
    CATALOG_UK_PRINCIPLES,
};

#define CATALOG_FRAMEWORK_COUNT 5

struct catalog_requirement {
    const char *id; /* "6.1.2" or "A.6.2.4". */
    const char *title;
    enum catalog_pdca pdca;
    bool is_control; /* Of Annex A; only these have an applicability criterion, their first. */
    size_t criterion_first; /* Index of its first criterion. */
    size_t criterion_count; /* At least 1. */
    struct words mappings[CATALOG_FRAMEWORK_COUNT];
};

/* A named limit that rules may use as :cap_NAME. */
struct catalog_cap {
    const char *name;
    int64_t value; /* 0 or more; the unit ends the name. */
};

struct catalog {
    const char *id;
    int64_t version; /* From 1. */
    const char *title;
    uint32_t max_age_days; /* Between the end of the period and the decision. */
    uint32_t minors_make_major;
    uint32_t vm_steps_max;  /* Of one rule on one bundle. */
    uint32_t rows_max;      /* That one rule may return. */
    uint32_t cell_size_max; /* Bytes of one value that a rule returns. */
    size_t cap_count;
    const struct catalog_cap *caps;
    size_t requirement_count;
    const struct catalog_requirement *requirements;
    size_t criterion_count;
    const struct catalog_criterion *criteria; /* In voting order. */
    struct digest digest;
};

/* Reads the catalogue in the folder DIRECTORY (its main file is catalog.yaml) into ARENA.
 *
 * Errors: those of folder_load(); ERROR_INVALID, with file, line and column, for unknown members,
 * missing or wrong values, ids that occur twice or do not belong to their requirement, a control
 * whose first criterion is not its applicability, and numbers out of range; ERROR_LIMIT. */
MUST_USE bool catalog_load(const char *directory, struct arena *arena, struct catalog *out,
                           struct error *error);

/* Index of a criterion by id, or SIZE_MAX. */
size_t catalog_find_criterion(const struct catalog *catalog, const char *id);

/* The cap NAME, or NULL. */
const struct catalog_cap *catalog_find_cap(const struct catalog *catalog, const char *name);

/* The word of the catalogue's files for a grade. */
const char *catalog_grade_name(enum catalog_grade grade);

#endif

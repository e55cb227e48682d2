#include "evidence/import_federal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/check.h"
#include "evidence/value.h"
#include "formats/csv.h"

#define PERIOD_START "2024-01-01"
#define PERIOD_END   "2024-12-31"

#define COLUMN_COUNT     62
#define ABBREVIATION_MAX 16   /* Bytes; ids are made of it. */
#define NAME_MAX         200  /* Bytes of an agency's name; what aims.yaml takes. */
#define AGENCIES_MAX     200  /* There are 41. */
#define FOLDED_SIZE      512  /* Bytes of an answer that are looked at. */
#define FIRST_YEAR       1950 /* 1905 is a spreadsheet that took a year for the number of a day. */

/* Columns, from 0. Nine share the title "If Other, please explain.": only the position tells. */
enum column {
    COLUMN_NAME = 0,
    COLUMN_AGENCY = 1,
    COLUMN_ABBREVIATION = 2,
    COLUMN_PURPOSE = 7,
    COLUMN_STAGE = 9,
    COLUMN_TIER = 10,
    COLUMN_IMPLEMENTED = 13,
    COLUMN_RETIRED = 14,
    COLUMN_ROLE = 15,
    COLUMN_PERSONAL = 22,
    COLUMN_DATA = 26,
    COLUMN_DATA_DOCUMENTED = 27,
    COLUMN_MODEL_DOCUMENTED = 43,
    COLUMN_EXTENSION = 44,
    COLUMN_IMPACT = 45,
    COLUMN_TESTED = 46,
    COLUMN_RISKS = 47,
    COLUMN_EVALUATED = 48,
    COLUMN_MONITORED = 49,
    COLUMN_AUTONOMOUS = 50,
    COLUMN_NOTICE = 52,
    COLUMN_APPEAL = 58,
};

/* How the titles of the columns that are mapped begin. */
static const struct {
    enum column column;
    const char *begin;
} titles[] = {
    {COLUMN_NAME, "Use Case Name"},
    {COLUMN_AGENCY, "Agency"},
    {COLUMN_ABBREVIATION, "Agency Abbreviation"},
    {COLUMN_PURPOSE, "What is the intended purpose"},
    {COLUMN_STAGE, "Stage of Development"},
    {COLUMN_TIER, "Is the AI use case rights-impacting"},
    {COLUMN_IMPLEMENTED, "Date Implemented"},
    {COLUMN_RETIRED, "Date Retired"},
    {COLUMN_ROLE, "Was the AI system involved in this use case developed"},
    {COLUMN_PERSONAL, "Does this AI use case involve personally identifiable information"},
    {COLUMN_DATA, "Describe any agency-owned data"},
    {COLUMN_DATA_DOCUMENTED, "Is there available documentation for the model training"},
    {COLUMN_MODEL_DOCUMENTED, "Has information regarding the AI use case"},
    {COLUMN_EXTENSION, "Has your agency requested an extension"},
    {COLUMN_IMPACT, "Has an AI impact assessment been conducted"},
    {COLUMN_TESTED, "Has the AI use case been tested"},
    {COLUMN_RISKS, "What are the key risks"},
    {COLUMN_EVALUATED, "Has an independent evaluation"},
    {COLUMN_MONITORED, "Is there a process to monitor performance"},
    {COLUMN_AUTONOMOUS, "For this particular use case, can the AI carry out a decision"},
    {COLUMN_NOTICE, "How is the agency providing reasonable and timely notice"},
    {COLUMN_APPEAL, "Is there an established fallback and escalation process"},
};
#define TITLE_COUNT (sizeof(titles) / sizeof(titles[0]))

enum table {
    TABLE_ORGANISATION,
    TABLE_SYSTEMS,
    TABLE_DATASETS,
    TABLE_RISKS,
    TABLE_IMPACTS,
    TABLE_VERIFICATION,
    TABLE_LIFECYCLE,
    TABLE_MONITORING,
    TABLE_INFORMATION,
    TABLE_CHANNELS,
    TABLE_EXCEPTIONS,
    TABLE_COUNT,
};

static const struct {
    const char *name;
    const char *columns;
} tables[TABLE_COUNT] = {
    [TABLE_ORGANISATION] = {"organisation", "id,title,legal_name"},
    [TABLE_SYSTEMS] = {"ai_systems", "id,title,role,purpose,lifecycle_stage,go_live_on,retired_on,"
                                     "risk_tier,personal_data,autonomy_level,dataset_ids"},
    [TABLE_DATASETS] = {"datasets", "id,title,system_ids,purpose"},
    [TABLE_RISKS] = {"risks", "id,title,system_ids,description"},
    /* Those that hold answers begin alike: answer_row(). */
    [TABLE_IMPACTS] = {"impact_assessments", "id,title,status,system_id"},
    [TABLE_VERIFICATION] = {"verification_results", "id,title,status,system_id,aspect"},
    [TABLE_LIFECYCLE] = {"lifecycle_records", "id,title,status,system_id,stage,criteria"},
    [TABLE_MONITORING] = {"monitoring_metrics", "id,title,status,system_id,subject"},
    [TABLE_INFORMATION] = {"user_information", "id,title,status,system_id,kind,audience,tells_ai"},
    [TABLE_CHANNELS] = {"concern_channels", "id,title,status,system_ids,audience,appeals"},
    [TABLE_EXCEPTIONS] = {"exceptions_waivers", "id,title,status,system_ids,rule,approved_by"},
};

/* What an answer means. PATTERN is in lower case, what the answer begins with or, behind a *, what
 * stands anywhere in it. The first that fits counts. */
struct meaning {
    const char *pattern;
    enum import_answer answer;
    const char *value; /* For a column of ai_systems. */
};

#define MEANINGS_MAX 12
#define EXTRAS_MAX   3

/* A question whose answer is a row of its own, or autonomy_level of the system. */
static const struct question {
    enum column column;
    const char *name;
    const char *suffix; /* Of the id of the row. */
    enum table table;
    const char *statuses[IMPORT_ANSWERS]; /* NULL: no row. */
    const char *extras[EXTRAS_MAX];       /* Cells behind the system. */
    struct meaning meanings[MEANINGS_MAX];
} questions[] = {
    {COLUMN_DATA_DOCUMENTED,
     "Documentation of data",
     "data-documented",
     TABLE_LIFECYCLE,
     {[IMPORT_YES] = "done", [IMPORT_NO] = "not_done", [IMPORT_PARTLY] = "in_progress"},
     {"data", "The data for training and evaluation are documented."},
     {{"documentation is complete", IMPORT_YES, NULL},
      {"documentation is widely available", IMPORT_YES, NULL},
      {"documentation is available", IMPORT_YES, NULL},
      {"yes", IMPORT_YES, NULL},
      {"documentation has been partially complete", IMPORT_PARTLY, NULL},
      {"documentation has been partially completed", IMPORT_PARTLY, NULL},
      {"documentation is missing", IMPORT_NO, NULL},
      {"no", IMPORT_NO, NULL}}},
    {COLUMN_MODEL_DOCUMENTED,
     "Documentation of performance",
     "model-documented",
     TABLE_LIFECYCLE,
     {[IMPORT_YES] = "done", [IMPORT_NO] = "not_done", [IMPORT_PARTLY] = "in_progress"},
     {"development", "Performance and intended use are documented for review."},
     {{"documentation has been published", IMPORT_YES, NULL},
      {"documentation has been developed", IMPORT_YES, NULL},
      {"yes", IMPORT_YES, NULL},
      {"limited documentation", IMPORT_PARTLY, NULL},
      {"documentation has been partially completed", IMPORT_PARTLY, NULL},
      {"no documentation", IMPORT_NO, NULL}}},
    {COLUMN_EXTENSION,
     "Extension requested",
     "extension",
     TABLE_EXCEPTIONS,
     {[IMPORT_YES] = "draft"},
     {"The minimum practices of risk management"},
     {{"yes", IMPORT_YES, NULL}, {"no", IMPORT_NO, NULL}}},
    {COLUMN_IMPACT,
     "Impact assessment",
     "impact",
     TABLE_IMPACTS,
     {[IMPORT_YES] = "done", [IMPORT_NO] = "not_done", [IMPORT_PLANNED] = "planned"},
     {NULL},
     {{"yes", IMPORT_YES, NULL},
      {"planned or in-progress", IMPORT_PLANNED, NULL},
      {"no", IMPORT_NO, NULL}}},
    {COLUMN_TESTED,
     "Test",
     "test",
     TABLE_VERIFICATION,
     {[IMPORT_YES] = "done", [IMPORT_NO] = "not_done"},
     {"performance"},
     {{"performance evaluation", IMPORT_YES, NULL},
      {"impact evaluation", IMPORT_YES, NULL},
      {"benchmark evaluation", IMPORT_YES, NULL},
      {"yes", IMPORT_YES, NULL},
      {"no testing", IMPORT_NO, NULL}}},
    {COLUMN_EVALUATED,
     "Independent evaluation",
     "evaluation",
     TABLE_LIFECYCLE,
     {[IMPORT_YES] = "done", [IMPORT_NO] = "not_done", [IMPORT_PLANNED] = "planned"},
     {"verification", "The system is evaluated by somebody who had no part in its development."},
     {{"yes", IMPORT_YES, NULL},
      {"true", IMPORT_YES, NULL},
      {"planned or in-progress", IMPORT_PLANNED, NULL},
      {"no", IMPORT_NO, NULL},
      {"false", IMPORT_NO, NULL}}},
    {COLUMN_MONITORED,
     "Monitoring",
     "monitoring",
     TABLE_MONITORING,
     {[IMPORT_YES] = "active", [IMPORT_NO] = "not_done", [IMPORT_PLANNED] = "planned"},
     {"system"},
     {{"intermittent", IMPORT_YES, NULL},
      {"automated", IMPORT_YES, NULL},
      {"established process", IMPORT_YES, NULL},
      {"no monitoring", IMPORT_NO, NULL},
      {"*monitoring process for ai performance is under development", IMPORT_PLANNED, NULL}}},
    {COLUMN_AUTONOMOUS,
     "Acts without a person",
     "",
     TABLE_SYSTEMS,
     {[IMPORT_YES] = "autonomous", [IMPORT_NO] = "human_approves"},
     {NULL},
     {{"yes", IMPORT_YES, NULL},
      {"no", IMPORT_NO, NULL},
      {"*immediate human intervention is not practicable", IMPORT_YES, NULL}}},
    {COLUMN_NOTICE,
     "Notice",
     "notice",
     TABLE_INFORMATION,
     {[IMPORT_YES] = "published", [IMPORT_NO] = "not_done"},
     {"ai_notice", "affected_people"},
     {{"online", IMPORT_YES, NULL},
      {"in-person", IMPORT_YES, NULL},
      {"in person", IMPORT_YES, NULL},
      {"email", IMPORT_YES, NULL},
      {"telephone", IMPORT_YES, NULL},
      {"none of the above", IMPORT_NO, NULL}}},
    {COLUMN_APPEAL,
     "Appeal",
     "appeal",
     TABLE_CHANNELS,
     {[IMPORT_YES] = "open", [IMPORT_NO] = "not_done"},
     {"external", "yes"},
     {{"yes", IMPORT_YES, NULL}, {"no", IMPORT_NO, NULL}}},
};
#define QUESTION_COUNT (sizeof(questions) / sizeof(questions[0]))

/* Said of any question; looked at before its own meanings. */
static const struct meaning common_meanings[] = {
    {"*has waived this minimum practice", IMPORT_WAIVED, NULL},
    {"n/a", IMPORT_NOT_APPLICABLE, NULL},
    {"not applicable", IMPORT_NOT_APPLICABLE, NULL},
    {"does not apply", IMPORT_NOT_APPLICABLE, NULL},
    {"ai is not safety or rights-impacting", IMPORT_NOT_APPLICABLE, NULL},
    {NULL, IMPORT_OTHER, NULL},
};

static const struct meaning stages[] = {
    {"initiated", IMPORT_YES, "planned"},
    {"planned", IMPORT_YES, "planned"},
    {"ideation", IMPORT_YES, "planned"},
    {"acquisition and/or development", IMPORT_YES, "development"},
    {"implementation and assessment", IMPORT_YES, "verification"},
    {"operation and maintenance", IMPORT_YES, "operation"},
    {"in production", IMPORT_YES, "operation"},
    {"in mission", IMPORT_YES, "operation"},
    {"retired", IMPORT_YES, "retired"},
    {NULL, IMPORT_OTHER, NULL},
};

static const struct meaning tiers[] = {
    {"neither", IMPORT_YES, "low"},
    {"both", IMPORT_YES, "high"},
    {"rights-impacting", IMPORT_YES, "high"},
    {"safety-impacting", IMPORT_YES, "high"},
    {NULL, IMPORT_OTHER, NULL},
};

static const struct meaning roles[] = {
    {"developed in-house", IMPORT_YES, "developer"},
    {"developed with both", IMPORT_YES, "developer"},
    {"developed with a combination", IMPORT_YES, "developer"},
    {"no contract/external resources", IMPORT_YES, "developer"},
    {"developed with contracting resources", IMPORT_YES, "deployer"},
    {"exclusively developed with contract", IMPORT_YES, "deployer"},
    {NULL, IMPORT_OTHER, NULL},
};

static const struct meaning booleans[] = {
    {"yes", IMPORT_YES, "yes"},
    {"no", IMPORT_YES, "no"},
    {NULL, IMPORT_OTHER, NULL},
};

/* Beginnings of texts that tell nothing. */
static const char *const placeholders[] = {
    "none",    "tbd",         "to be determined", "not reported", "data not reported",
    "unknown", "forthcoming",
};

struct importer {
    struct import_writer writer;
    const struct csv *csv;
    struct import_question *counts; /* By index of questions[]. */
};

/* The system that is being imported. */
struct use_case {
    size_t row; /* From 0. */
    const char *id;
    const struct csv_cell *cells;
    const char *texts[COLUMN_COUNT]; /* Of mapped columns, as a register can hold them. */
    const char *stage;               /* NULL: unknown. */
    const char *autonomy;            /* NULL: unknown. */
    const char *dataset;             /* Id of its data; NULL: none are named. */
};

static const char *title_of(const struct importer *importer, size_t column)
{
    return importer->csv->header[column].text;
}

static void add_gap(struct importer *importer, const struct use_case *use, enum column column,
                    const char *reason)
{
    import_add_gap(&importer->writer, &(struct import_gap){.row = use->row + 2,
                                                           .column = (size_t)column + 1,
                                                           .title = title_of(importer, column),
                                                           .system = use->id,
                                                           .value = use->cells[column].text,
                                                           .reason = reason});
}

static void clean_cells(struct importer *importer, struct use_case *use)
{
    for (size_t i = 0; i < TITLE_COUNT; i++) {
        enum column column = titles[i].column;
        bool is_cut = false;

        use->texts[column] = import_clean(&importer->writer, use->cells[column].text, &is_cut);
        if (is_cut) {
            add_gap(importer, use, column, "is longer than a cell may be and was cut");
        }
    }
}

/* The start of TEXT in lower case, with single spaces; returns OUT. */
static const char *fold(const char *text, char out[FOLDED_SIZE])
{
    size_t size = 0;

    for (; *text != '\0' && size + 1 < FOLDED_SIZE; text++) {
        bool is_space = isspace((unsigned char)*text) != 0;

        if (!is_space) {
            out[size++] = (char)tolower((unsigned char)*text);
        } else if (size > 0 && out[size - 1] != ' ') {
            out[size++] = ' ';
        }
    }
    out[size] = '\0';
    return out;
}

/* True when FOLDED begins with the words PATTERN or, for "*TEXT" holds TEXT. */
static bool fits(const char *folded, const char *pattern)
{
    if (pattern[0] == '*') {
        return strstr(folded, pattern + 1) != NULL;
    }
    size_t length = strlen(pattern);

    return strncmp(folded, pattern, length) == 0 && isalnum((unsigned char)folded[length]) == 0;
}

static const struct meaning *find_meaning(const char *folded, const struct meaning *list)
{
    while (list->pattern != NULL && !fits(folded, list->pattern)) {
        list++;
    }
    return list->pattern == NULL ? NULL : list;
}

static bool is_not_applicable(const char *folded)
{
    const struct meaning *meaning = find_meaning(folded, common_meanings);

    return (meaning != NULL && meaning->answer == IMPORT_NOT_APPLICABLE) ||
           strcmp(folded, "na") == 0;
}

/* What the cell answers to QUESTION. */
static enum import_answer answer(struct importer *importer, const struct use_case *use,
                                 const struct question *question)
{
    char folded[FOLDED_SIZE];
    const char *text = fold(use->texts[question->column], folded);
    const struct meaning *meaning = find_meaning(text, common_meanings);

    if (text[0] == '\0') {
        return IMPORT_BLANK;
    }
    if (is_not_applicable(text)) {
        return IMPORT_NOT_APPLICABLE;
    }
    if (meaning == NULL) {
        meaning = find_meaning(text, question->meanings);
    }
    if (meaning == NULL) {
        add_gap(importer, use, question->column, "is no answer that can be told to be yes or no");
        return IMPORT_OTHER;
    }
    return meaning->answer;
}

/* The value of the cell by MEANINGS; NULL when it is blank, not applicable or not known. */
static const char *word(struct importer *importer, const struct use_case *use, enum column column,
                        const struct meaning *meanings)
{
    char folded[FOLDED_SIZE];
    const char *text = fold(use->texts[column], folded);

    if (text[0] == '\0' || is_not_applicable(text)) {
        return NULL;
    }
    const struct meaning *meaning = find_meaning(text, meanings);

    if (meaning == NULL) {
        add_gap(importer, use, column, "is none of the values that are known");
        return NULL;
    }
    return meaning->value;
}

/* The text of the cell; NULL when it tells nothing. */
static const char *text_of(struct importer *importer, const struct use_case *use,
                           enum column column)
{
    char folded[FOLDED_SIZE];
    const char *text = use->texts[column];

    (void)fold(text, folded);
    if (folded[0] == '\0' || is_not_applicable(folded)) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof(placeholders) / sizeof(placeholders[0]); i++) {
        if (fits(folded, placeholders[i])) {
            add_gap(importer, use, column, "tells nothing");
            return NULL;
        }
    }
    return text;
}

/* Reads the digits at *TEXT as a number up to 9999, and moves behind them. */
static bool take_number(const char **text, unsigned *out)
{
    unsigned number = 0;
    size_t digits = 0;

    for (; isdigit((unsigned char)**text); (*text)++) {
        if (++digits > 4) {
            return false;
        }
        number = number * 10 + (unsigned)(**text - '0');
    }
    *out = number;
    return digits > 0;
}

/* The American date month/day/year as YYYY-MM-DD. */
static bool read_date(const char *text, char out[VALUE_DATE_SIZE])
{
    unsigned parts[3];
    char iso[32];
    bool is_converted = false;
    struct error error;

    for (size_t i = 0; i < 3; i++) {
        if (!take_number(&text, &parts[i]) || (i < 2 && *text++ != '/')) {
            return false;
        }
    }
    (void)snprintf(iso, sizeof(iso), "%04u-%02u-%02u", parts[2], parts[0], parts[1]);
    return *text == '\0' && parts[2] >= FIRST_YEAR &&
           value_read_date(iso, out, &is_converted, &error);
}

/* The day in the cell; NULL when there is none, or none that can be mapped. */
static const char *day(struct importer *importer, const struct use_case *use, enum column column)
{
    char folded[FOLDED_SIZE];
    char iso[VALUE_DATE_SIZE];
    const char *text = use->texts[column];

    if (text[0] == '\0' || is_not_applicable(fold(text, folded))) {
        return NULL;
    }
    if (!read_date(text, iso)) {
        add_gap(importer, use, column, "is no day");
        return NULL;
    }
    return import_format(&importer->writer, "%s", iso);
}

static bool is_stage(const struct use_case *use, const char *stage)
{
    return use->stage != NULL && strcmp(use->stage, stage) == 0;
}

/* Whether it is known that the system never ran so far. */
static bool is_before_operation(const struct use_case *use)
{
    return use->stage != NULL && !is_stage(use, "operation") && !is_stage(use, "retired");
}

/* The inventory dates implementation, which comes before operation: before that, only a day to come
 * is one of going live. */
static const char *go_live_day(struct importer *importer, const struct use_case *use)
{
    const char *iso = day(importer, use, COLUMN_IMPLEMENTED);

    if (iso != NULL && is_before_operation(use) && strcmp(iso, PERIOD_END) <= 0) {
        add_gap(importer, use, COLUMN_IMPLEMENTED,
                "is past, but the system is not in operation yet");
        return NULL;
    }
    return iso;
}

static const char *retired_day(struct importer *importer, const struct use_case *use)
{
    const char *iso = day(importer, use, COLUMN_RETIRED);

    if (iso != NULL && strcmp(iso, PERIOD_END) > 0) {
        add_gap(importer, use, COLUMN_RETIRED, "lies after the period, so nothing ended yet");
        return NULL;
    }
    return iso;
}

static void write_system(struct importer *importer, const struct use_case *use)
{
    const char *cells[] = {
        use->id,
        use->texts[COLUMN_NAME],
        word(importer, use, COLUMN_ROLE, roles),
        text_of(importer, use, COLUMN_PURPOSE),
        use->stage,
        go_live_day(importer, use),
        retired_day(importer, use),
        word(importer, use, COLUMN_TIER, tiers),
        word(importer, use, COLUMN_PERSONAL, booleans),
        use->autonomy,
        use->dataset,
    };

    import_add_row(&importer->writer, TABLE_SYSTEMS, cells);
}

/* The text of the cell; NULL also when it says that there is nothing. */
static const char *thing_of(struct importer *importer, const struct use_case *use,
                            enum column column)
{
    char folded[FOLDED_SIZE];
    const char *text = text_of(importer, use, column);

    if (text != NULL && (fits(fold(text, folded), "no") || fits(folded, "not"))) {
        add_gap(importer, use, column, "names nothing that a register could hold");
        return NULL;
    }
    return text;
}

/* The inventory describes data and does not say where they come from: what it says is all by which
 * they can be known. */
static void write_dataset(struct importer *importer, struct use_case *use)
{
    struct import_writer *writer = &importer->writer;
    const char *text = thing_of(importer, use, COLUMN_DATA);

    if (text != NULL) {
        use->dataset = import_format(writer, "%s-data", use->id);
        import_add_row(writer, TABLE_DATASETS,
                       (const char *[]){use->dataset, text, use->id, "several"});
    }
}

static void write_risk(struct importer *importer, const struct use_case *use)
{
    struct import_writer *writer = &importer->writer;
    const char *text = thing_of(importer, use, COLUMN_RISKS);

    if (text != NULL) {
        import_add_row(writer, TABLE_RISKS,
                       (const char *[]){import_format(writer, "%s-risk", use->id),
                                        use->texts[COLUMN_NAME], use->id, text});
    }
}

/* The answer in short: what stands before a colon or a line break. */
static const char *label(struct importer *importer, const struct question *question,
                         const char *text)
{
    return import_format(&importer->writer, "%s: %.*s", question->name, (int)strcspn(text, ":\n"),
                         text);
}

static void write_waiver(struct importer *importer, const struct use_case *use,
                         const struct question *question)
{
    struct import_writer *writer = &importer->writer;
    const char *cells[] = {
        import_format(writer, "%s-waiver-%s", use->id,
                      question->suffix[0] == '\0' ? "autonomy" : question->suffix),
        import_format(writer, "%s waived", question->name),
        "active",
        use->id,
        question->name,
        "Chief AI Officer",
    };

    import_add_row(writer, TABLE_EXCEPTIONS, cells);
}

static void write_answer(struct importer *importer, const struct use_case *use,
                         const struct question *question, enum import_answer given)
{
    struct import_writer *writer = &importer->writer;
    const char *status = question->statuses[given];

    if (given == IMPORT_WAIVED) {
        write_waiver(importer, use, question);
    }
    if (status == NULL || question->table == TABLE_SYSTEMS) {
        return;
    }
    if (question->column == COLUMN_MONITORED && given == IMPORT_YES) {
        status = is_before_operation(use) ? "planned" : status;
        status = is_stage(use, "retired") ? "stopped" : status;
    }
    const char *cells[IMPORT_COLUMNS_MAX] = {
        import_format(writer, "%s-%s", use->id, question->suffix),
        label(importer, question, use->texts[question->column]),
        status,
        use->id,
    };

    for (size_t i = 0; i < EXTRAS_MAX; i++) {
        cells[4 + i] = question->extras[i];
    }
    if (question->column == COLUMN_NOTICE && given == IMPORT_YES) {
        cells[6] = "yes"; /* tells_ai: the notice is about the use of AI. */
    }
    import_add_row(writer, question->table, cells);
}

static void write_use_case(struct importer *importer, struct use_case *use)
{
    enum import_answer given[QUESTION_COUNT];

    clean_cells(importer, use);
    use->stage = word(importer, use, COLUMN_STAGE, stages);
    for (size_t i = 0; i < QUESTION_COUNT; i++) {
        given[i] = answer(importer, use, &questions[i]);
        importer->counts[i].counts[given[i]]++;
        if (questions[i].column == COLUMN_AUTONOMOUS) {
            use->autonomy = questions[i].statuses[given[i]];
        }
    }
    write_dataset(importer, use);
    write_risk(importer, use);
    write_system(importer, use);
    for (size_t i = 0; i < QUESTION_COUNT; i++) {
        write_answer(importer, use, &questions[i], given[i]);
    }
}

static bool is_mapped(size_t column)
{
    for (size_t i = 0; i < TITLE_COUNT; i++) {
        if ((size_t)titles[i].column == column) {
            return true;
        }
    }
    return false;
}

/* True when the row says something in a column for which no register has a place. */
static bool says_something(const char *text)
{
    char folded[FOLDED_SIZE];

    (void)fold(text, folded);
    return folded[0] != '\0' && strcmp(folded, "\xc2\xa0") != 0 && !is_not_applicable(folded);
}

static const char *cell_at(const struct csv *csv, size_t row, enum column column)
{
    return csv->cells[row * csv->column_count + (size_t)column].text;
}

/* Whether the row belongs to AGENCY. */
static bool is_of(const struct csv *csv, size_t row, const char *agency)
{
    return strcasecmp(cell_at(csv, row, COLUMN_ABBREVIATION), agency) == 0;
}

static void list_columns(struct importer *importer, const char *agency)
{
    const struct csv *csv = importer->csv;

    for (size_t column = 0; column < csv->column_count; column++) {
        size_t count = 0;

        for (size_t row = 0; !is_mapped(column) && row < csv->row_count; row++) {
            count += is_of(csv, row, agency) &&
                     says_something(csv->cells[row * csv->column_count + column].text);
        }
        if (count > 0) {
            import_add_gap(&importer->writer,
                           &(struct import_gap){.column = column + 1,
                                                .title = title_of(importer, column),
                                                .system = "",
                                                .value = "",
                                                .reason = import_format(
                                                    &importer->writer,
                                                    "no register has a place for it; %zu answer%s",
                                                    count, count == 1 ? "" : "s")});
        }
    }
}

/* Refuses any other file: the mapping is by position. */
static bool check_titles(const struct csv *csv, const char *file, struct error *error)
{
    char title[FOLDED_SIZE];
    char begin[FOLDED_SIZE];
    char quote[VALUE_QUOTE_SIZE];

    if (csv->column_count != COLUMN_COUNT) {
        return error_set(error, ERROR_INVALID,
                         "%s:1: %zu columns, but the inventory of federal AI use cases of 2024 has "
                         "%d",
                         file, csv->column_count, COLUMN_COUNT);
    }
    for (size_t i = 0; i < TITLE_COUNT; i++) {
        const char *text = csv->header[titles[i].column].text;

        (void)fold(text, title);
        (void)fold(titles[i].begin, begin);
        if (!fits(title, begin)) {
            return error_set(error, ERROR_INVALID,
                             "%s:1: column %d is %s, but in the inventory of federal AI use cases "
                             "of 2024 it is \"%s ...\"",
                             file, (int)titles[i].column + 1, value_quote(text, quote),
                             titles[i].begin);
        }
    }
    return true;
}

/* Ids are made of the abbreviation, and aims.yaml names the agency. */
static bool check_agency(const char *abbreviation, const char *name)
{
    size_t length = strspn(abbreviation, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    return length > 0 && length <= ABBREVIATION_MAX && abbreviation[length] == '\0' &&
           name[0] != '\0' && strlen(name) <= NAME_MAX && strpbrk(name, "\n\t") == NULL;
}

static bool read_csv(struct bytes source, const char *file, struct arena *arena, struct csv *out,
                     struct error *error)
{
    return csv_parse(source, file, arena, out, error) && check_titles(out, file, error);
}

/* Adds the row to its agency in LIST, which has *COUNT. */
static bool count_row(struct import_writer *writer, const struct csv *csv, size_t row,
                      struct import_federal_agency *list, size_t *count)
{
    bool is_cut = false;
    const char *name = import_clean(writer, cell_at(csv, row, COLUMN_AGENCY), &is_cut);
    const char *abbreviation = cell_at(csv, row, COLUMN_ABBREVIATION);
    size_t i = 0;

    while (i < *count && strcasecmp(list[i].abbreviation, abbreviation) != 0) {
        i++;
    }
    if (i == AGENCIES_MAX || !check_agency(abbreviation, name)) {
        return false;
    }
    if (i == *count) {
        list[(*count)++] = (struct import_federal_agency){abbreviation, name, 0};
    }
    list[i].system_count++;
    return true;
}

static bool list_agencies(const struct csv *csv, const char *file, struct arena *arena,
                          struct import_federal_agency **out, size_t *count, struct error *error)
{
    struct import_writer writer;
    struct import_federal_agency *list = arena_array(arena, AGENCIES_MAX, sizeof(*list));
    size_t found = 0;

    if (list == NULL) {
        return error_set(error, ERROR_LIMIT, "%s: too large", file);
    }
    import_init(&writer, arena);
    for (size_t row = 0; row < csv->row_count; row++) {
        bool is_counted = count_row(&writer, csv, row, list, &found);

        if (writer.is_full) {
            return error_set(error, ERROR_LIMIT, "%s: too large", file);
        }
        if (!is_counted) {
            return error_set(error, ERROR_INVALID,
                             "%s:%u: want the name of an agency of at most %d bytes, its "
                             "abbreviation of 1 to %d letters, and at most %d agencies",
                             file, csv->cells[row * csv->column_count].line, NAME_MAX,
                             ABBREVIATION_MAX, AGENCIES_MAX);
        }
    }
    *out = list;
    *count = found;
    return true;
}

bool import_federal_agencies(struct bytes source, const char *file, struct arena *arena,
                             struct import_federal_agency **out, size_t *count, struct error *error)
{
    struct csv csv;

    return read_csv(source, file, arena, &csv, error) &&
           list_agencies(&csv, file, arena, out, count, error);
}

/* The id of the NUMBERth system of an agency. */
static const char *make_id(struct importer *importer, const char *agency, size_t number)
{
    char id[ABBREVIATION_MAX + 32];

    (void)snprintf(id, sizeof(id), "%s-%03zu", agency, number);
    for (char *letter = id; *letter != '\0'; letter++) {
        *letter = (char)tolower((unsigned char)*letter);
    }
    return import_format(&importer->writer, "%s", id);
}

static void write_all(struct importer *importer, const struct import_federal_agency *agency)
{
    const struct csv *csv = importer->csv;
    size_t number = 0;

    for (size_t i = 0; i < TABLE_COUNT; i++) {
        size_t index = import_add_register(&importer->writer, tables[i].name, tables[i].columns);

        CHECK(index == i);
    }
    list_columns(importer, agency->abbreviation);
    import_add_row(&importer->writer, TABLE_ORGANISATION,
                   (const char *[]){agency->abbreviation, agency->name, agency->name});
    for (size_t row = 0; row < csv->row_count; row++) {
        if (is_of(csv, row, agency->abbreviation)) {
            struct use_case use = {
                .row = row,
                .id = make_id(importer, agency->abbreviation, ++number),
                .cells = csv->cells + row * csv->column_count,
            };

            write_use_case(importer, &use);
        }
    }
}

static bool import_agency(const struct csv *csv, const struct import_federal_agency *agency,
                          const struct schema *schema, struct arena *arena,
                          struct import_result *out, struct error *error)
{
    struct importer importer = {.csv = csv};
    struct import_statement statement = {
        .organisation = agency->name,
        .period_start = PERIOD_START,
        .period_end = PERIOD_END,
        .reason = "The inventory of AI use cases says nothing beyond what is here.",
    };

    importer.counts = arena_array(arena, QUESTION_COUNT, sizeof(*importer.counts));
    if (importer.counts == NULL) {
        return error_set(error, ERROR_LIMIT, "there is too much to import");
    }
    for (size_t i = 0; i < QUESTION_COUNT; i++) {
        importer.counts[i] = (struct import_question){.column = (size_t)questions[i].column + 1,
                                                      .name = questions[i].name,
                                                      .table = tables[questions[i].table].name};
    }
    import_init(&importer.writer, arena);
    write_all(&importer, agency);
    struct import_result result = {
        .organisation = agency->name,
        .system_count = agency->system_count,
        .question_count = QUESTION_COUNT,
        .questions = importer.counts,
        .gap_count = importer.writer.gap_count,
        .gaps = importer.writer.first,
    };
    bool is_made = import_files(&importer.writer, schema, &statement, &result.files, error);

    import_finish(&importer.writer);
    if (is_made) {
        *out = result;
    }
    return is_made;
}

bool import_federal_read(struct bytes source, const char *file, const char *agency,
                         const struct schema *schema, struct arena *arena,
                         struct import_result *out, struct error *error)
{
    struct csv csv;
    struct import_federal_agency *list = NULL;
    size_t count = 0;
    char quote[VALUE_QUOTE_SIZE];

    if (!read_csv(source, file, arena, &csv, error) ||
        !list_agencies(&csv, file, arena, &list, &count, error)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(list[i].abbreviation, agency) == 0) {
            return import_agency(&csv, &list[i], schema, arena, out, error);
        }
    }
    return error_set(error, ERROR_NOT_FOUND, "%s: there is no agency %s", file,
                     value_quote(agency, quote));
}

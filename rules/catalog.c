#include "rules/catalog.h"

#include <string.h>

#include "base/check.h"
#include "base/encode.h"
#include "formats/tree.h"
#include "rules/folder.h"

#define FULL "too large for the memory allowed"

static const char *const grade_names[] = {
    [CATALOG_MAJOR] = "major",
    [CATALOG_MINOR] = "minor",
    [CATALOG_IMPROVEMENT] = "improvement",
};

static const char *const pdca_names[] = {
    [CATALOG_PLAN] = "plan",
    [CATALOG_DO] = "do",
    [CATALOG_CHECK] = "check",
    [CATALOG_ACT] = "act",
};

static const char *const framework_names[CATALOG_FRAMEWORK_COUNT] = {
    [CATALOG_EU_AI_ACT] = "eu_ai_act",         [CATALOG_NIST_AI_RMF] = "nist_ai_rmf",
    [CATALOG_ISO27001] = "iso27001",           [CATALOG_ISO27701] = "iso27701",
    [CATALOG_UK_PRINCIPLES] = "uk_principles",
};

/* What is being filled; the public struct only lends its arrays out as constant. */
struct builder {
    struct arena *arena;
    struct catalog *catalog;
    struct catalog_requirement *requirements;
    struct catalog_criterion *criteria;
};

const char *catalog_grade_name(enum catalog_grade grade)
{
    CHECK(grade >= CATALOG_MAJOR);
    CHECK(grade <= CATALOG_IMPROVEMENT);
    return grade_names[grade];
}

size_t catalog_find_criterion(const struct catalog *catalog, const char *id)
{
    for (size_t i = 0; i < catalog->criterion_count; i++) {
        if (strcmp(catalog->criteria[i].id, id) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

static size_t find_requirement(const struct catalog *catalog, const char *id)
{
    for (size_t i = 0; i < catalog->requirement_count; i++) {
        if (strcmp(catalog->requirements[i].id, id) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

const struct catalog_cap *catalog_find_cap(const struct catalog *catalog, const char *name)
{
    for (size_t i = 0; i < catalog->cap_count; i++) {
        if (strcmp(catalog->caps[i].name, name) == 0) {
            return &catalog->caps[i];
        }
    }
    return NULL;
}

/* Index of the text NODE[KEY] among NAMES[FIRST..LAST]. */
static bool read_choice(const struct tree *node, const char *key, const char *const *names,
                        size_t last, size_t *out, struct error *error)
{
    char place[TREE_PLACE_SIZE];
    const char *text = NULL;

    if (!tree_need_text(node, key, &text, error)) {
        return false;
    }
    for (size_t i = 1; i <= last; i++) {
        if (strcmp(names[i], text) == 0) {
            *out = i;
            return true;
        }
    }
    return error_set(error, ERROR_INVALID, "%s: \"%s\" is \"%s\", which is no such word",
                     tree_place(node, place), key, text);
}

static bool read_u32(const struct tree *node, const char *key, uint32_t max, uint32_t *out,
                     struct error *error)
{
    int64_t value = 0;

    if (!tree_need_integer(node, key, 1, max, &value, error)) {
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

/* Dotted numbers, before them "A." for a control. */
static bool requirement_id_is_valid(const char *id)
{
    const char *rest = strncmp(id, "A.", 2) == 0 ? id + 2 : id;
    size_t size = strlen(rest);

    return size > 0 && strlen(id) <= CATALOG_ID_MAX && strspn(rest, "0123456789.") == size &&
           rest[0] != '.' && rest[size - 1] != '.' && strstr(rest, "..") == NULL;
}

static bool read_id(const struct tree *node, const char **out, struct error *error)
{
    char place[TREE_PLACE_SIZE];

    if (!words_read_text(node, "id", out, error)) {
        return false;
    }
    if (!requirement_id_is_valid(*out)) {
        return error_set(error, ERROR_INVALID, "%s: \"%s\" is not the id of a requirement",
                         tree_place(node, place), *out);
    }
    return true;
}

/* A criterion's id is the requirement's, a dash and a number of its own; 0 is applicability. */
static bool check_criterion_id(const struct builder *builder, const struct tree *node,
                               const struct catalog_criterion *criterion, struct error *error)
{
    char place[TREE_PLACE_SIZE];
    const struct catalog_requirement *owner = &builder->requirements[criterion->requirement];
    size_t prefix = strlen(owner->id);
    uint64_t number = 0;

    if (strncmp(criterion->id, owner->id, prefix) != 0 || criterion->id[prefix] != '-' ||
        !encode_to_u64(criterion->id + prefix + 1, 99, &number)) {
        return error_set(error, ERROR_INVALID,
                         "%s: \"%s\" is not the id \"%s\", a dash and a number",
                         tree_place(node, place), criterion->id, owner->id);
    }
    if (catalog_find_criterion(builder->catalog, criterion->id) != SIZE_MAX) {
        return error_set(error, ERROR_INVALID, "%s: \"%s\" occurs twice", tree_place(node, place),
                         criterion->id);
    }
    bool is_first = owner->criterion_count == 0;

    if (criterion->is_applicability != (number == 0) ||
        criterion->is_applicability != (owner->is_control && is_first)) {
        return error_set(error, ERROR_INVALID,
                         "%s: a control's first criterion, and no other, is \"%s-0\" with "
                         "\"applicability: true\"",
                         tree_place(node, place), owner->id);
    }
    return true;
}

static bool read_applicability(const struct tree *node, bool *out, struct error *error)
{
    char place[TREE_PLACE_SIZE];
    const struct tree *flag = tree_get(node, "applicability");

    if (flag != NULL && flag->type != TREE_BOOLEAN) {
        return error_set(error, ERROR_INVALID, "%s: \"applicability\" is neither true nor false",
                         tree_place(flag, place));
    }
    *out = flag != NULL && flag->integer == 1;
    return true;
}

static bool read_criterion(struct builder *builder, size_t requirement, const struct tree *node,
                           struct error *error)
{
    static const char *const keys[] = {"id",       "applicability", "question",    "not_met",
                                       "evidence", "guidance",      "remediation", NULL};
    char place[TREE_PLACE_SIZE];
    struct catalog *catalog = builder->catalog;
    struct catalog_criterion criterion = {.requirement = requirement};
    size_t grade = 0;

    if (catalog->criterion_count == CATALOG_CRITERIA_MAX) {
        return error_set(error, ERROR_LIMIT, "%s: more than %d criteria", tree_place(node, place),
                         CATALOG_CRITERIA_MAX);
    }
    if (node->type != TREE_MAP) {
        return error_set(error, ERROR_INVALID, "%s: expected a criterion", tree_place(node, place));
    }
    if (!tree_only_keys(node, keys, error) || !words_read_text(node, "id", &criterion.id, error) ||
        !read_applicability(node, &criterion.is_applicability, error) ||
        !check_criterion_id(builder, node, &criterion, error) ||
        !words_read_text(node, "question", &criterion.question, error) ||
        !words_read_text(node, "guidance", &criterion.guidance, error) ||
        !words_read_text(node, "remediation", &criterion.remediation, error) ||
        !read_choice(node, "not_met", grade_names, CATALOG_IMPROVEMENT, &grade, error) ||
        !words_read(node, "evidence", builder->arena, &criterion.evidence, error)) {
        return false;
    }
    criterion.grade = (enum catalog_grade)grade;
    builder->criteria[catalog->criterion_count++] = criterion;
    builder->requirements[requirement].criterion_count++;
    return true;
}

static bool read_mappings(struct builder *builder, const struct tree *node,
                          struct catalog_requirement *requirement, struct error *error)
{
    const char *keys[CATALOG_FRAMEWORK_COUNT + 1] = {0};
    const struct tree *mappings = NULL;

    if (tree_get(node, "mappings") == NULL) {
        return true;
    }
    memcpy(keys, framework_names, sizeof(framework_names));
    if (!tree_need_map(node, "mappings", &mappings, error) ||
        !tree_only_keys(mappings, keys, error)) {
        return false;
    }
    for (size_t i = 0; i < CATALOG_FRAMEWORK_COUNT; i++) {
        if (!words_read(mappings, framework_names[i], builder->arena, &requirement->mappings[i],
                        error)) {
            return false;
        }
    }
    return true;
}

static bool read_requirement_head(struct builder *builder, const struct tree *node,
                                  struct error *error)
{
    static const char *const keys[] = {"id", "title", "pdca", "criteria", "mappings", NULL};
    char place[TREE_PLACE_SIZE];
    struct catalog *catalog = builder->catalog;
    struct catalog_requirement requirement = {.criterion_first = catalog->criterion_count};
    size_t pdca = 0;

    if (catalog->requirement_count == CATALOG_REQUIREMENTS_MAX) {
        return error_set(error, ERROR_LIMIT, "%s: more than %d requirements",
                         tree_place(node, place), CATALOG_REQUIREMENTS_MAX);
    }
    if (node->type != TREE_MAP) {
        return error_set(error, ERROR_INVALID, "%s: expected a requirement",
                         tree_place(node, place));
    }
    if (!tree_only_keys(node, keys, error) || !read_id(node, &requirement.id, error) ||
        !words_read_text(node, "title", &requirement.title, error) ||
        !read_choice(node, "pdca", pdca_names, CATALOG_ACT, &pdca, error) ||
        !read_mappings(builder, node, &requirement, error)) {
        return false;
    }
    if (find_requirement(catalog, requirement.id) != SIZE_MAX) {
        return error_set(error, ERROR_INVALID, "%s: requirement \"%s\" occurs twice",
                         tree_place(node, place), requirement.id);
    }
    requirement.pdca = (enum catalog_pdca)pdca;
    requirement.is_control = strncmp(requirement.id, "A.", 2) == 0;
    builder->requirements[catalog->requirement_count++] = requirement;
    return true;
}

static bool read_requirement(struct builder *builder, const struct tree *node, struct error *error)
{
    char place[TREE_PLACE_SIZE];
    const struct tree *criteria = NULL;

    if (!read_requirement_head(builder, node, error) ||
        !tree_need_list(node, "criteria", &criteria, error)) {
        return false;
    }
    if (criteria->count == 0) {
        return error_set(error, ERROR_INVALID, "%s: a requirement without criteria",
                         tree_place(criteria, place));
    }
    size_t requirement = builder->catalog->requirement_count - 1;

    for (const struct tree *item = criteria->child; item != NULL; item = item->next) {
        if (!read_criterion(builder, requirement, item, error)) {
            return false;
        }
    }
    return true;
}

static bool read_caps(struct builder *builder, const struct tree *main, struct error *error)
{
    char place[TREE_PLACE_SIZE];
    const struct tree *map = NULL;
    struct catalog *catalog = builder->catalog;

    if (!tree_need_map(main, "caps", &map, error)) {
        return false;
    }
    if (map->count > CATALOG_CAPS_MAX) {
        return error_set(error, ERROR_LIMIT, "%s: more than %d caps", tree_place(map, place),
                         CATALOG_CAPS_MAX);
    }
    struct catalog_cap *caps = arena_array(builder->arena, map->count, sizeof(*caps));

    if (caps == NULL) {
        return error_set(error, ERROR_LIMIT, "%s: " FULL, tree_place(map, place));
    }
    for (const struct tree *item = map->child; item != NULL; item = item->next) {
        struct catalog_cap *cap = &caps[catalog->cap_count++];

        cap->name = item->key;
        if (!tree_need_integer(map, item->key, 0, INT32_MAX, &cap->value, error)) {
            return false;
        }
    }
    catalog->caps = caps;
    return true;
}

static bool read_limits(struct catalog *catalog, const struct tree *main, struct error *error)
{
    static const char *const keys[] = {"vm_steps", "rows", "cell_bytes", NULL};
    const struct tree *limits = NULL;

    return tree_need_map(main, "limits", &limits, error) && tree_only_keys(limits, keys, error) &&
           read_u32(limits, "vm_steps", 1000000000, &catalog->vm_steps_max, error) &&
           read_u32(limits, "rows", 1000000, &catalog->rows_max, error) &&
           read_u32(limits, "cell_bytes", 1000000, &catalog->cell_size_max, error);
}

static bool read_main(struct builder *builder, const struct tree *main, struct error *error)
{
    static const char *const keys[] = {
        "id",     "version", "title", "max_age_days", "minors_make_major", "caps",
        "limits", "files",   NULL};
    struct catalog *catalog = builder->catalog;

    return tree_only_keys(main, keys, error) && words_read_text(main, "id", &catalog->id, error) &&
           tree_need_integer(main, "version", 1, INT32_MAX, &catalog->version, error) &&
           words_read_text(main, "title", &catalog->title, error) &&
           read_u32(main, "max_age_days", 36500, &catalog->max_age_days, error) &&
           read_u32(main, "minors_make_major", CATALOG_CRITERIA_MAX, &catalog->minors_make_major,
                    error) &&
           read_caps(builder, main, error) && read_limits(catalog, main, error);
}

static bool read_files(struct builder *builder, const struct folder *folder, struct error *error)
{
    for (size_t i = 0; i < folder->file_count; i++) {
        for (const struct tree *item = folder->files[i]->child; item != NULL; item = item->next) {
            if (!read_requirement(builder, item, error)) {
                return false;
            }
        }
    }
    return true;
}

bool catalog_load(const char *directory, struct arena *arena, struct catalog *out,
                  struct error *error)
{
    struct folder folder;
    struct catalog catalog = {0};
    struct builder builder = {.arena = arena, .catalog = &catalog};

    if (!folder_load(directory, "catalog.yaml", arena, &folder, error)) {
        return false;
    }
    builder.requirements =
        arena_array(arena, CATALOG_REQUIREMENTS_MAX, sizeof(*builder.requirements));
    builder.criteria = arena_array(arena, CATALOG_CRITERIA_MAX, sizeof(*builder.criteria));
    if (builder.requirements == NULL || builder.criteria == NULL) {
        return error_set(error, ERROR_LIMIT, "%s: " FULL, directory);
    }
    catalog.requirements = builder.requirements;
    catalog.criteria = builder.criteria;
    if (!read_main(&builder, folder.main, error) || !read_files(&builder, &folder, error)) {
        return false;
    }
    if (catalog.criterion_count == 0) {
        return error_set(error, ERROR_INVALID, "%s: a catalogue without requirements", directory);
    }
    catalog.digest = folder.digest;
    *out = catalog;
    return true;
}

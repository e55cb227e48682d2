#include "client/data.h"

#include <string.h>
#include <unistd.h>

#include "base/place.h"
#include "client/file.h"

bool data_schema(struct arena *arena, struct schema *out, struct error *error)
{
    char path[PLACE_SIZE];

    return place_data("schema.yaml", path, error) && schema_load(path, arena, out, error);
}

/* WHAT is in the folder KIND of the program's data, for errors. */
static bool find_folder(const char *kind, const char *what, const char *name, char out[PLACE_SIZE],
                        struct error *error)
{
    char relative[FILE_PATH_SIZE];

    if (name[0] == '.' || strchr(name, '/') != NULL) {
        return file_path(out, error, "%s", name);
    }
    if (!file_path(relative, error, "%s/%s", kind, name) || !place_data(relative, out, error)) {
        return false;
    }
    return access(out, F_OK) == 0 || error_set(error, ERROR_NOT_FOUND,
                                               "no %s comes with the program as '%s'; a path is "
                                               "written with a /, such as ./%s",
                                               what, name, name);
}

bool data_catalog(const char *name, struct arena *arena, struct catalog *out, struct error *error)
{
    char path[PLACE_SIZE];

    return find_folder("catalogs", "catalogue", name == NULL ? DATA_CATALOG : name, path, error) &&
           catalog_load(path, arena, out, error);
}

bool data_ruleset(const char *name, const struct catalog *catalog, struct arena *arena,
                  struct ruleset *out, struct error *error)
{
    char path[PLACE_SIZE];

    return find_folder("rulesets", "rule set", name == NULL ? DATA_RULESET : name, path, error) &&
           ruleset_load(path, catalog, arena, out, error);
}

#include "client/data.h"

#include <string.h>

#include "base/place.h"
#include "client/file.h"

bool data_schema(struct arena *arena, struct schema *out, struct error *error)
{
    char path[PLACE_SIZE];

    return place_data("schema.yaml", path, error) && schema_load(path, arena, out, error);
}

static bool find_folder(const char *kind, const char *name, char out[PLACE_SIZE],
                        struct error *error)
{
    char relative[FILE_PATH_SIZE];

    if (name[0] == '.' || strchr(name, '/') != NULL) {
        return file_path(out, error, "%s", name);
    }
    return file_path(relative, error, "%s/%s", kind, name) && place_data(relative, out, error);
}

bool data_catalog(const char *name, struct arena *arena, struct catalog *out, struct error *error)
{
    char path[PLACE_SIZE];

    return find_folder("catalogs", name == NULL ? DATA_CATALOG : name, path, error) &&
           catalog_load(path, arena, out, error);
}

bool data_ruleset(const char *name, const struct catalog *catalog, struct arena *arena,
                  struct ruleset *out, struct error *error)
{
    char path[PLACE_SIZE];

    return find_folder("rulesets", name == NULL ? DATA_RULESET : name, path, error) &&
           ruleset_load(path, catalog, arena, out, error);
}

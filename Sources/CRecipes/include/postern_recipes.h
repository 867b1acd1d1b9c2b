// The files of deploy/integrations, inside the program: `postern init` needs nothing beside it.
#pragma once
#include <stddef.h>

struct postern_recipe {
    // The file's name without `.yaml`.
    const char *name;
    // The file's text.
    const char *text;
};

// The recipe of a place, by name; NULL beyond the last.
const struct postern_recipe *postern_recipe_at(size_t place);

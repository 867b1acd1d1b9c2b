// libyaml, as Debian's libyaml-dev installs it.
#pragma once
#include <yaml.h>

// libxxhash for Swift.
#ifndef TWILIOFS_CXXHASH_SHIM_H
#define TWILIOFS_CXXHASH_SHIM_H

#include <xxhash.h>

#endif

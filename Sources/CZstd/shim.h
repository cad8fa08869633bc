#ifndef TWILIOFS_CZSTD_H
#define TWILIOFS_CZSTD_H

#include <zstd.h>

#endif

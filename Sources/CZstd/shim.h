#ifndef TWILIOFS_CZSTD_H
#define TWILIOFS_CZSTD_H

#include <zstd.h>

// ZSTD_c_literalCompressionMode, which zstd.h names for static linking alone: 0 leaves the choice to the level, 1 is
// always (Huffman), 2 is never. A library that doesn't know it any more refuses it, and makes documents longer.
static const ZSTD_cParameter twiliofs_zstd_literal_compression = ZSTD_c_experimentalParam5;

#endif

// libcurl for Swift. Nothing but what the importer can't read: macros and variadic functions.
#ifndef TWILIOFS_CCURL_SHIM_H
#define TWILIOFS_CCURL_SHIM_H

#include <curl/curl.h>

#endif

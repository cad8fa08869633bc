// libseccomp for Swift. Its functions with a fixed number of arguments can be imported as they are.
#ifndef TWILIOFS_CSECCOMP_SHIM_H
#define TWILIOFS_CSECCOMP_SHIM_H

#include <seccomp.h>

#endif

import Glibc

/// The sanitizer that this program was built with; none in a released one.
public enum Sanitizer {
    /// Whether the program has one.
    ///
    /// A sanitizer's threads make system calls of their own, and can't take signals.
    public static var isPresent: Bool { dlsym(nil, "__tsan_init") != nil || dlsym(nil, "__asan_init") != nil }
}

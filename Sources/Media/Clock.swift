import Glibc

/// The wall clock, to which dates of recordings are compared.
enum Clock {
    /// Seconds since 1970 (UTC).
    static var now: Int64 { Int64(time(nil)) }
}

import Support

/// The seconds since a time; `Int64.max` for nil or a time in the future.
///
/// A time in the future means that the clock was set back or the catalog was edited. Work must not wait for that time.
func age(of time: Int64?, at now: Int64) -> Int64 {
    guard let time, time <= now else { return .max }
    return now.subtractingSaturated(time)
}

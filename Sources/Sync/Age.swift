import Support

/// The seconds since a time; `Int64.max` for nil or a time in the future.
///
/// If a time is in the future, the clock was set back or the file was edited. Work that is due after it must not wait.
func age(of time: Int64?, at now: Int64) -> Int64 {
    guard let time, time <= now else { return .max }
    return now.subtractingSaturated(time)
}

import Support

/// The seconds since a noted time; endless when there is none.
///
/// A time in the future counts as none: the clock was set back since, or somebody has edited the file. What is due some
/// time after it would never be done otherwise.
func age(of time: Int64?, at now: Int64) -> Int64 {
    guard let time, time <= now else { return .max }
    return now.subtractingSaturated(time)
}

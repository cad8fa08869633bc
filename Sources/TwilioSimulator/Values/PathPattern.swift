/// Says whether a path is meant: as a prefix, or with `*` for any run of characters.
struct PathPattern {
    /// The text of the pattern.
    let text: String

    /// Tells whether the pattern describes all of `path` if it has a `*`, or else its beginning.
    func matches(_ path: String) -> Bool {
        guard text.contains("*") else { return path.hasPrefix(text) }
        let pattern = Array(text.utf8)
        let subject = Array(path.utf8)
        var (position, place) = (0, 0)
        // Where to go on when what follows the last star turns out not to fit: one more character for the star.
        var retry: (position: Int, place: Int)?
        while place < subject.count {
            if position < pattern.count, pattern[position] == UInt8(ascii: "*") {
                retry = (position + 1, place)
                position += 1
            } else if position < pattern.count, pattern[position] == subject[place] {
                position += 1
                place += 1
            } else if let last = retry {
                position = last.position
                place = last.place + 1
                retry = (last.position, place)
            } else {
                return false
            }
        }
        return pattern[position...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

/// The requests paused together: those to one origin, media apart from the API.
///
/// A busy bucket doesn't hold back lists, and a refused list doesn't hold back a player.
struct Lane: Hashable, Sendable {
    let origin: Origin
    let isMedia: Bool
}

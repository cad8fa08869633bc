/// Requests that a server may ask to wait together: those to one origin, media apart from the API.
///
/// A pause that is asked for one of them says nothing about the others: a bucket that is busy doesn't hold back lists,
/// and a list that is refused doesn't hold back a player.
struct Lane: Hashable, Sendable {
    let origin: Origin
    let isMedia: Bool
}

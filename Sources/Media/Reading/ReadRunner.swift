/// Runs reads: the way in and on for whoever holds one back or brings its ciphertext.
protocol ReadRunner: AnyObject, Sendable {
    /// Runs a read from the gate on.
    func run(_ read: PendingRead)

    /// Goes on with a read whose ciphertext is there; not to be called on the transfer thread.
    ///
    /// - Parameter attempt: the one at authenticating the content for which the ciphertext was fetched; learnt under
    ///   the lock under which it was found.
    func serve(_ read: PendingRead, from ciphertext: any Ciphertext, attempt: ContentAuthentication.Attempt)
}

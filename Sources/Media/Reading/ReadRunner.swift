/// Runs reads for the parts that hold them or fetch their ciphertext.
protocol ReadRunner: AnyObject, Sendable {
    /// Runs a read from the gate.
    func run(_ read: PendingRead)

    /// Continues a read whose ciphertext has arrived; must not be called on the transfer thread.
    ///
    /// - Parameter attempt: the authentication attempt read under the same lock as the ciphertext.
    func serve(_ read: PendingRead, from ciphertext: any Ciphertext, attempt: ContentAuthentication.Attempt)
}

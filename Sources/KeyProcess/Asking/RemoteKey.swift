import Envelope

/// A private key in the key process, which forgets it with the last reference.
final class RemoteKey: HeldPrivateKey {
    let publicKeyFingerprint: String
    private let number: UInt32
    private let process: KeyProcess

    init(_ description: KeyDescription, in process: KeyProcess) {
        publicKeyFingerprint = description.fingerprint
        number = description.number
        self.process = process
    }

    deinit { process.forget(number) }

    var isAvailable: Bool { process.isRunning }

    func unwrap(_ wrapped: WrappedKey) throws(EnvelopeError) -> KeyUnwrapping {
        try process.unwrap(wrapped, with: number)
    }

    func signature(ofSHA256 digest: [UInt8]) throws(EnvelopeError) -> [UInt8] {
        try process.signature(ofSHA256: digest, with: number)
    }
}

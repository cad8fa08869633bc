import Foundation

/// An RSA key pair made by the `openssl` command.
public final class KeyPair: Sendable {
    /// How the private key's file is written.
    public enum Format: String, Sendable, CaseIterable {
        /// `BEGIN RSA PRIVATE KEY`.
        case pkcs1
        /// `BEGIN PRIVATE KEY`.
        case pkcs8
        /// `BEGIN ENCRYPTED PRIVATE KEY`.
        case encryptedPKCS8
    }

    /// The passphrase of encrypted keys.
    public static let passphrase = "correct horse battery staple"

    /// A pair that most tests use: making one takes a while.
    public static var shared: KeyPair {
        get throws { try sharedPair.get() }
    }

    /// A pair of another length, made once: 3072 or 4096 bits.
    public static func shared(bits: Int) throws -> KeyPair {
        switch bits {
        case 3072: try sharedPair3072.get()
        case 4096: try sharedPair4096.get()
        default: try shared
        }
    }

    /// Another pair.
    public static var other: KeyPair {
        get throws { try otherPair.get() }
    }

    private static let sharedPair = Result { try KeyPair() }
    private static let otherPair = Result { try KeyPair() }
    private static let sharedPair3072 = Result { try KeyPair(bits: 3072) }
    private static let sharedPair4096 = Result { try KeyPair(bits: 4096) }

    /// The private key, in PKCS#8.
    public let privatePEM: String

    /// The public key.
    public let publicPEM: String

    private let folder: TemporaryFolder

    /// Makes a pair.
    private init(bits: Int = 2048) throws {
        folder = try TemporaryFolder()
        let script = #"""
            umask 077
            openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:"$1" -out pkcs8.pem 2>/dev/null ||
                openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:"$1" -out pkcs8.pem 2>/dev/null
            openssl rsa -in pkcs8.pem -traditional -out pkcs1.pem
            openssl pkcs8 -topk8 -v2 aes-256-cbc -in pkcs8.pem -passout pass:"$2" -out encryptedPKCS8.pem
            openssl pkey -in pkcs8.pem -pubout -out public.pem
            printf '%s\n' "$2" >passphrase
            """#
        try Command.shell(script, String(bits), Self.passphrase, directory: folder.url.path)
        privatePEM = try String(contentsOfFile: folder.path("pkcs8.pem"), encoding: .utf8)
        publicPEM = try String(contentsOfFile: folder.path("public.pem"), encoding: .utf8)
        let files = try Format.allCases.map { try String(contentsOfFile: privateKey($0), encoding: .utf8) }
        let secrets = Set((files + [Self.passphrase]).map(Secret.text))
        SecretRegister.shared.add { secrets }
    }

    /// The path of the public key's file.
    public var publicKey: String { folder.path("public.pem") }

    /// The path of the private key's file.
    public func privateKey(_ format: Format = .pkcs8) -> String { folder.path("\(format.rawValue).pem") }

    /// The path of a file with the passphrase of the encrypted key.
    public var passphraseFile: String { folder.path("passphrase") }
}

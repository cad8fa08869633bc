import Foundation

/// A certificate authority of one's own, with a certificate for `localhost`, made by OpenSSL's command.
public final class CertificateAuthority: Sendable {
    /// The folder that holds everything: `ca.pem`, `server.pem`, `server.key`.
    public let folder: TemporaryFolder

    /// The authority's certificate.
    public var path: String { folder.path("ca.pem") }

    /// Makes it, with a name of its own.
    public init(name: String = "Own") throws {
        folder = try TemporaryFolder()
        let request = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2",
        ]
        try Command.require(
            request + ["-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=\(name)"], directory: folder.url.path)
        try Command.require(
            request + [
                "-CA", "ca.pem", "-CAkey", "ca.key", "-keyout", "server.key", "-out", "server.pem", "-subj",
                "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext",
                "basicConstraints=critical,CA:FALSE",
            ], directory: folder.url.path)
    }
}

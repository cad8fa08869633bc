/// A reason for which a server's certificate is refused.
enum CertificateFault: Equatable {
    /// Nobody who is trusted has signed it.
    case untrusted
    /// It has expired, or isn't valid yet.
    case outOfTime
    /// It is somebody else's, or something else is wrong with it.
    case other

    /// Tells the reasons apart.
    ///
    /// - Parameter verification: The result of OpenSSL's verification (`X509_V_ERR_…`). It is 0 or 1, which is none,
    ///   where the name is all that is wrong: libcurl compares that by itself, before it asks for the result.
    init(verification: Int) {
        self =
            switch verification {
            // No issuer found, one that is self-signed (of the server or in its chain), a first certificate that can't
            // be verified, a root that isn't trusted.
            case 2, 18, 19, 20, 21, 27: .untrusted
            // Not yet valid, expired.
            case 9, 10: .outOfTime
            default: .other
            }
    }

    /// What to do about it, as a sentence.
    var remedy: String {
        switch self {
        case .untrusted:
            "If a proxy or an authority of your own has signed it, name its certificate with --ca-file."
        case .outOfTime:
            "Check this machine's clock; if it is right, the server's certificate has to be renewed."
        case .other:
            "Check the address and the network: something else may answer for this host."
        }
    }
}

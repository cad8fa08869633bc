/// A reason for rejecting a server's certificate.
enum CertificateFault: Equatable {
    /// No trusted authority has signed it.
    case untrusted
    /// It has expired, or isn't valid yet.
    case outOfTime
    /// It is another host's, or has another fault.
    case other

    /// Classifies the result of OpenSSL's verification (`X509_V_ERR_…`).
    ///
    /// It is 0 or 1 when only the name is wrong: libcurl compares the name itself, before it asks for the result.
    init(verification: Int) {
        self =
            switch verification {
            // No issuer, a self-signed certificate (the server's or one in the chain), an unverifiable
            // first certificate, an untrusted root.
            case 2, 18, 19, 20, 21, 27: .untrusted
            // Not yet valid, expired.
            case 9, 10: .outOfTime
            default: .other
            }
    }

    /// The remedy, as a sentence.
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

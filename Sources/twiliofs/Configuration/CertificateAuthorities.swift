extension AccountOptions {
    /// The file of certificate authorities to trust; nil for the system's.
    ///
    /// Without `--ca-file`, the variables that `curl` and OpenSSL's programs read and libcurl doesn't: in companies
    /// whose proxy inspects TLS they are set already.
    func certificateAuthorityFile(_ environment: Environment) -> String? {
        caFile ?? environment["CURL_CA_BUNDLE"] ?? environment["SSL_CERT_FILE"]
    }
}

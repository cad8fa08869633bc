extension AccountOptions {
    /// The file of certificate authorities to trust; nil for the system's.
    ///
    /// Without `--ca-file`, the variables that `curl` and OpenSSL's programs read and libcurl doesn't: in companies
    /// whose proxy inspects TLS they are set already.
    func certificateAuthorityFile(_ environment: Environment) -> String? {
        caFile ?? Self.authorityVariables.lazy.compactMap { environment[$0] }.first
    }

    /// The option or the variable that names that file; nil when none does.
    func certificateAuthoritySource(_ environment: Environment) -> String? {
        caFile != nil ? "--ca-file" : Self.authorityVariables.first { environment[$0] != nil }
    }

    private static var authorityVariables: [String] { ["CURL_CA_BUNDLE", "SSL_CERT_FILE"] }
}

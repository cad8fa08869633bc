extension AccountOptions {
    /// The file of certificate authorities to trust; nil for the system's.
    ///
    /// libcurl ignores the variables of `curl` and OpenSSL's programs, which companies with TLS-inspecting proxies set.
    func certificateAuthorityFile(_ environment: Environment) -> String? {
        caFile ?? Self.authorityVariables.lazy.compactMap { environment[$0] }.first
    }

    /// The option or the variable with that file's name; nil for none.
    func certificateAuthoritySource(_ environment: Environment) -> String? {
        caFile != nil ? "--ca-file" : Self.authorityVariables.first { environment[$0] != nil }
    }

    private static var authorityVariables: [String] { ["CURL_CA_BUNDLE", "SSL_CERT_FILE"] }
}

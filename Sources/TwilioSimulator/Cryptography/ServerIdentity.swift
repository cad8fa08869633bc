import COpenSSL

/// Is a throw-away certificate authority and the server certificate that it has signed, for one run.
struct ServerIdentity {
    /// The authority's certificate, PEM: what a client must trust.
    let authorityPEM: [UInt8]
    /// The server's certificate, PEM, for localhost, 127.0.0.1 and ::1.
    let certificatePEM: [UInt8]
    /// The server's private key, PEM.
    let privateKeyPEM: [UInt8]

    /// Makes both, valid from an hour ago for a week.
    init() throws(SimulatorError) {
        let authorityKey = try Self.makeKey()
        defer { EVP_PKEY_free(authorityKey) }
        let serverKey = try Self.makeKey()
        defer { EVP_PKEY_free(serverKey) }
        let authority = try Self.makeCertificate(
            serial: 1, name: "twilio-simulator authority", key: authorityKey, issuer: nil, issuerKey: authorityKey,
            extensions: [
                (NID_basic_constraints, "critical,CA:TRUE"), (NID_key_usage, "critical,keyCertSign,cRLSign"),
                (NID_subject_key_identifier, "hash"),
            ])
        defer { X509_free(authority) }
        let certificate = try Self.makeCertificate(
            serial: 2, name: "localhost", key: serverKey, issuer: authority, issuerKey: authorityKey,
            extensions: [
                (NID_basic_constraints, "critical,CA:FALSE"), (NID_key_usage, "critical,digitalSignature"),
                (NID_ext_key_usage, "serverAuth"), (NID_subject_key_identifier, "hash"),
                (NID_authority_key_identifier, "keyid"),
                (NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1"),
            ])
        defer { X509_free(certificate) }
        authorityPEM = try Self.pem { PEM_write_bio_X509($0, authority) }
        certificatePEM = try Self.pem { PEM_write_bio_X509($0, certificate) }
        privateKeyPEM = try Self.pem { PEM_write_bio_PrivateKey($0, serverKey, nil, nil, 0, nil, nil) }
    }

    private static func makeKey() throws(SimulatorError) -> OpaquePointer {
        guard let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil) else {
            throw .cryptography("There is no memory")
        }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_CTX_set_group_name(context, "P-256") == 1,
            EVP_PKEY_generate(context, &key) == 1, let key
        else { throw .cryptography("A key for TLS can't be made") }
        return key
    }

    private static func makeCertificate(
        serial: Int, name: String, key: OpaquePointer, issuer: OpaquePointer?, issuerKey: OpaquePointer,
        extensions: [(identifier: Int32, value: String)]
    ) throws(SimulatorError) -> OpaquePointer {
        guard let certificate = X509_new() else { throw .cryptography("There is no memory") }
        var done = X509_set_version(certificate, 2) == 1
        done = done && ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial) == 1
        done = done && X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) != nil
        done = done && X509_gmtime_adj(X509_getm_notAfter(certificate), 7 * Instant.secondsPerDay) != nil
        done = done && X509_set_pubkey(certificate, key) == 1
        let subject = X509_get_subject_name(certificate)
        done = done && X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, name, -1, -1, 0) == 1
        done = done && X509_set_issuer_name(certificate, issuer.map(X509_get_subject_name) ?? subject) == 1
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, issuer ?? certificate, certificate, nil, nil, 0)
        for (identifier, value) in extensions where done {
            let item = X509V3_EXT_conf_nid(nil, &context, identifier, value)
            done = item != nil && X509_add_ext(certificate, item, -1) == 1
            X509_EXTENSION_free(item)
        }
        guard done, X509_sign(certificate, issuerKey, EVP_sha256()) > 0 else {
            X509_free(certificate)
            throw .cryptography("A certificate for TLS can't be made")
        }
        return certificate
    }

    private static func pem(_ write: (OpaquePointer) -> Int32) throws(SimulatorError) -> [UInt8] {
        guard let output = BIO_new(BIO_s_mem()) else { throw .cryptography("There is no memory") }
        defer { BIO_free(output) }
        guard write(output) == 1 else { throw .cryptography("PEM text can't be written") }
        var result = [UInt8](repeating: 0, count: BIO_ctrl_pending(output))
        guard BIO_read(output, &result, Int32(result.count)) == result.count else {
            throw .cryptography("PEM text can't be read back")
        }
        return result
    }
}

extension PrivateKey {
    /// Splits a PEM file after each private key.
    ///
    /// - Returns: Texts that each have one private key and the text before it. A file without a complete private key is
    ///   returned whole, so that reading it reports the fault.
    public static func sections(ofPEM pem: SecretBytes) -> [SecretBytes] {
        let boundary = Array("-----END ".utf8)
        let label = Array("PRIVATE KEY-----".utf8)
        return pem.withUnsafeBytes { bytes in
            var sections: [SecretBytes] = []
            var start = bytes.startIndex
            var position = bytes.startIndex
            while position < bytes.endIndex {
                let lineEnd = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
                let next = min(lineEnd + 1, bytes.endIndex)
                let line = bytes[position..<lineEnd]
                if line.starts(with: boundary), line.firstRange(of: label) != nil {
                    sections.append(SecretBytes(bytes[start..<next]))
                    start = next
                }
                position = next
            }
            // A further key that is cut off has to be reported; certificates after the last key are of no use.
            let rest = bytes[start...]
            if sections.isEmpty || rest.firstRange(of: label) != nil { sections.append(SecretBytes(rest)) }
            return sections
        }
    }
}

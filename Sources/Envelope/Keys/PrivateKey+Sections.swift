extension PrivateKey {
    /// Splits the contents of a PEM file behind each private key.
    ///
    /// - Returns: texts with one private key each, and what stands before it; one with everything when there is no
    ///   whole private key, so that reading it says what is wrong.
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
            // A further key that is cut off, which has to be said; not certificates behind the last key.
            let rest = bytes[start...]
            if sections.isEmpty || rest.firstRange(of: label) != nil { sections.append(SecretBytes(rest)) }
            return sections
        }
    }
}

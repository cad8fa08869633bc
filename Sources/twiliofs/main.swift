print("twiliofs")

import CRecipes

/// The texts of `deploy/integrations` that the program carries.
enum EmbeddedRecipes {
    /// Names without `.yaml`, and texts, by name.
    static func all() -> [(name: String, text: String)] {
        var recipes: [(name: String, text: String)] = []
        // unsafe: entries of a constant table; their texts end in 0.
        while let entry = unsafe postern_recipe_at(recipes.count)?.pointee,
            let name = unsafe entry.name, let text = unsafe entry.text
        {
            unsafe recipes.append((String(cString: name), String(cString: text)))
        }
        return recipes
    }
}

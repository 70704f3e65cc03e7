using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

// Removes from a documentation file the comments of internal code, which the compiler includes.
// Fails if public documentation refers to internal code, because users cannot follow such a reference.
// Usage: PublicDocumentation ASSEMBLY DOCUMENTATION REFERENCES. REFERENCES is a file with one path per line.
var library = MetadataReference.CreateFromFile(args[0]);
var compilation = CSharpCompilation.Create(
    "Users",
    references: [library, .. File.ReadLines(args[2]).Select(path => MetadataReference.CreateFromFile(path))],
    options: new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, metadataImportOptions: MetadataImportOptions.All));
var assembly = (IAssemblySymbol)compilation.GetAssemblyOrModuleSymbol(library)!;
var visible = VisibleIn(assembly.GlobalNamespace).Select(symbol => symbol.GetDocumentationCommentId()).ToHashSet();

var documentation = XDocument.Load(args[1], LoadOptions.PreserveWhitespace);
foreach (var member in documentation.Descendants("member").ToList())
{
    if (!visible.Contains(member.Attribute("name")!.Value))
    {
        member.PreviousNode?.Remove();
        member.Remove();
    }
}

var broken = documentation.Descendants("member")
    .SelectMany(member => member.Descendants().Attributes("cref").Select(reference => (Of: member.Attribute("name")!.Value, To: reference.Value)))
    .Where(reference => !visible.Contains(reference.To) && IsDeclaredHere(reference.To))
    .ToList();
foreach (var reference in broken)
{
    Console.Error.WriteLine($"{args[1]}: error DOC001: the documentation of {reference.Of} refers to {reference.To}, which is not public");
}

documentation.Save(args[1], SaveOptions.DisableFormatting);
return broken.Count == 0 ? 0 : 1;

static IEnumerable<ISymbol> VisibleIn(INamespaceOrTypeSymbol container) => container.GetMembers()
    .Where(member => member is INamespaceSymbol
        || member.DeclaredAccessibility is Accessibility.Public or Accessibility.Protected or Accessibility.ProtectedOrInternal)
    .SelectMany(member => member is INamespaceOrTypeSymbol inner ? VisibleIn(inner).Prepend(member) : [member]);

bool IsDeclaredHere(string id) =>
    SymbolEqualityComparer.Default.Equals(DocumentationCommentId.GetFirstSymbolForDeclarationId(id, compilation)?.ContainingAssembly, assembly);

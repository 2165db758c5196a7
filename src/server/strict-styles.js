/**
 * Runs before GraphiQL, in its page: lets the editor style itself under a policy without 'unsafe-inline'.
 *
 * The editor makes <style> elements, and elements with a style attribute out of text. The policy knows neither, so the
 * first are given the page's nonce, which only this script can read, and the second are set through the object model,
 * which no policy forbids. HTML that somebody else got into the page has neither way.
 */
{
  const { nonce } = document.currentScript;
  const patch = (prototype, name, make) => {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
    const kind = descriptor.set ? 'set' : 'value';
    Object.defineProperty(prototype, name, { ...descriptor, [kind]: make(descriptor[kind]) });
  };
  const apart = (html) =>
    String(html).replace(/<[a-z][^<>]*\sstyle="[^<>]*>/gi, (tag) => tag.replace(/\sstyle="/gi, ' data-kept-style="'));
  const restore = (root) => {
    for (const element of root.querySelectorAll('[data-kept-style]')) {
      element.style.cssText = element.getAttribute('data-kept-style');
      element.removeAttribute('data-kept-style');
    }
  };
  patch(
    Document.prototype,
    'createElement',
    (create) =>
      function (name, options) {
        const element = create.call(this, name, options);
        if (String(name).toLowerCase() === 'style') element.nonce = nonce;
        return element;
      },
  );
  patch(
    Element.prototype,
    'setAttribute',
    (set) =>
      function (name, value) {
        if (String(name).toLowerCase() === 'style' && this.style) this.style.cssText = value;
        else set.call(this, name, value);
      },
  );
  patch(
    Element.prototype,
    'innerHTML',
    (set) =>
      function (html) {
        set.call(this, apart(html));
        restore(this.content ?? this);
      },
  );
  patch(
    Element.prototype,
    'insertAdjacentHTML',
    (insert) =>
      function (place, html) {
        insert.call(this, place, apart(html));
        restore(this.parentNode ?? this);
      },
  );
}

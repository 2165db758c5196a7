/** All the style of a page; the policy of its answer names it by its hash. */
export const CHAPTER_STYLE = `:root{color-scheme:light dark}
html{font:1.0625rem/1.6 Georgia,"Times New Roman",serif}
body{max-width:38rem;margin:0 auto;padding:1.5rem 1.25rem 4rem;overflow-wrap:break-word}
h1,h2,h3,h4{line-height:1.25;text-wrap:balance}
img{display:block;max-width:100%;height:auto;margin:1rem auto}
pre{overflow:auto}
table{border-collapse:collapse;display:block;overflow-x:auto}
td,th{border:1px solid;padding:.25rem .5rem;text-align:start;vertical-align:top}
blockquote{margin-inline:1.5rem}
.end{margin-top:3rem;padding-top:1rem;border-top:1px solid;font:.9375rem/1.5 system-ui,sans-serif}`;

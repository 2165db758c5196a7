export interface Viewer {
  id: string;
  email: string;
  name: string;
  role: 'READER' | 'AUTHOR' | 'ADMIN';
}
export interface Accounts {
  viewerOf(token: string): Promise<Viewer | null>;
}
